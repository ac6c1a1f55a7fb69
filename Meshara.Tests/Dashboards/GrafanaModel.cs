using System.Text.Json;

namespace Meshara.Tests.Dashboards;

/// <summary>
/// A strict check of Grafana 13's classic dashboard model, as far as these dashboards use it. Grafana ignores unknown keys, so a misspelt
/// key would silently have no effect. Look a key up before adding it here.
/// </summary>
internal static class GrafanaModel
{
    /// <summary>The version of the model that Grafana 13 writes; older ones are migrated when they are loaded.</summary>
    private const int SchemaVersion = 42;

    private static readonly Dictionary<string, Shape> Shapes = new(StringComparer.Ordinal)
    {
        ["dashboard"] = new("uid title description tags editable graphTooltip schemaVersion version refresh timezone time timepicker annotations links templating panels", "id"),
        ["row"] = new("id type title collapsed gridPos panels", ""),
        ["panel"] = new("id type title description datasource gridPos targets fieldConfig options", "links transformations timeFrom"),
        ["gridPos"] = new("h w x y", ""),
        ["defaults"] = new("noValue", "unit min max decimals color custom thresholds mappings links"),
        ["datasource"] = new("type uid", ""),
        ["target prometheus"] = new("refId datasource expr editorMode format instant range", "legendFormat interval exemplar"),
        ["target jaeger"] = new("refId datasource queryType service limit", "operation minDuration tags"),
        ["target elasticsearch"] = new("refId datasource query metrics bucketAggs timeField", "alias"),
        ["link"] = new("title url targetBlank", ""),
        ["dashboard link"] = new("type title tags asDropdown icon includeVars keepTime targetBlank tooltip url", ""),
        ["variable datasource"] = new("type name label description query regex refresh hide skipUrlSync options multi includeAll current", ""),
        ["variable query"] = new("type name label description datasource definition query refresh sort regex hide skipUrlSync options multi includeAll current", "allValue"),
        ["variable interval"] = new("type name label description query auto auto_count auto_min refresh hide skipUrlSync options current", ""),
        ["variable textbox"] = new("type name label description query hide skipUrlSync options current", ""),
        ["annotation"] = new("datasource enable hide iconColor name", "builtIn type titleFormat textFormat tagKeys useValueForTime target"),
        ["threshold"] = new("color value", ""),
    };

    private static readonly Dictionary<string, Shape> Options = new(StringComparer.Ordinal)
    {
        ["timeseries"] = new("legend tooltip", ""),
        ["stat"] = new("reduceOptions orientation textMode colorMode graphMode justifyMode wideLayout showPercentChange percentChangeColorMode", ""),
        ["gauge"] = new("reduceOptions orientation showThresholdLabels showThresholdMarkers shape sizing minVizWidth minVizHeight", "barShape barWidthFactor segmentCount segmentSpacing effects"),
        ["heatmap"] = new("calculate cellGap cellValues color exemplars filterValues legend rowsFrame showValue tooltip yAxis", ""),
        ["table"] = new("showHeader cellHeight frameIndex", "sortBy"),
        ["logs"] = new("showTime showLabels showCommonLabels wrapLogMessage prettifyLogMessage enableLogDetails showLogContextToggle dedupStrategy sortOrder", ""),
        ["nodeGraph"] = new("zoomMode layoutAlgorithm nodes edges", ""),
    };

    /// <summary>Ids of Grafana's units; an unknown id is shown as a suffix.</summary>
    private static readonly HashSet<string> Units =
        ["none", "percent", "percentunit", "s", "ms", "decbytes", "Bps", "mps", "eps", "ops", "cps", "reqps", "wps"];

    private static readonly HashSet<string> Transformations = ["merge", "organize", "groupBy", "filterByValue"];

    /// <summary>Types of panels without a value axis, which need no unit.</summary>
    private static readonly HashSet<string> WithoutUnit = ["heatmap"];

    /// <summary>The faults of a dashboard; empty if there are none.</summary>
    public static IEnumerable<string> Faults(Dashboard dashboard)
    {
        var json = dashboard.Json;
        var places = Dashboard.Elements(json, "panels");
        return
        [
            .. Shapes["dashboard"].Faults("dashboard", json),
            .. json.GetProperty("schemaVersion").GetInt32() == SchemaVersion ? [] : (string[])[$"schemaVersion is not {SchemaVersion}"],
            .. Dashboard.Elements(json, "links").SelectMany(link => Shapes["dashboard link"].Faults("link", link)),
            .. dashboard.Variables.SelectMany(OfVariable),
            .. Dashboard.Elements(json.GetProperty("annotations"), "list").SelectMany(annotation => Shapes["annotation"].Faults("annotation", annotation)),
            .. dashboard.Annotations.SelectMany(annotation => OfDataSource("annotation", annotation)),
            .. Doubled("panel id", places.Select(place => place.GetProperty("id").GetInt32())),
            .. places.SelectMany(OfPlace),
            .. Overlaps(places),
        ];
    }

    private static IEnumerable<string> OfPlace(JsonElement place)
    {
        var title = Dashboard.Text(place, "title");
        var position = place.GetProperty("gridPos");
        var (x, y, w, h) = Rectangle(place);
        return
        [
            .. Shapes["gridPos"].Faults(title, position),
            .. x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24 ? [] : (string[])[$"{title}: outside the grid of 24 columns"],
            .. Dashboard.Text(place, "type") == "row" ? Shapes["row"].Faults(title, place) : OfPanel(title, place),
        ];
    }

    private static IEnumerable<string> OfPanel(string title, JsonElement panel)
    {
        var type = Dashboard.Text(panel, "type");
        if (!Options.TryGetValue(type, out var options))
            return [$"{title}: no panel is of the type {type}"];
        var defaults = panel.GetProperty("fieldConfig").GetProperty("defaults");
        var targets = Dashboard.Elements(panel, "targets");
        return
        [
            .. Shapes["panel"].Faults(title, panel),
            .. options.Faults($"{title} options", panel.GetProperty("options")),
            .. Shapes["defaults"].Faults($"{title} defaults", defaults),
            .. OfDataSource(title, panel),
            .. targets.SelectMany(target => OfTarget(title, target)),
            .. Doubled($"{title}: refId", targets.Select(target => Dashboard.Text(target, "refId"))),
            .. OfUnits(title, type, panel),
            .. OfThresholds(title, defaults),
            .. OfOverrides(title, panel),
            .. Dashboard.Elements(panel, "links").Concat(Dashboard.Elements(defaults, "links")).SelectMany(link => Shapes["link"].Faults(title, link)),
            .. Dashboard.Elements(panel, "transformations").Select(one => Dashboard.Text(one, "id")).Where(id => !Transformations.Contains(id)).Select(id => $"{title}: no transformation is called {id}"),
        ];
    }

    private static IEnumerable<string> OfTarget(string title, JsonElement target) =>
    [
        .. Shapes[$"target {Dashboard.Text(target.GetProperty("datasource"), "type")}"].Faults(title, target),
        .. OfDataSource(title, target),
    ];

    // Another Grafana has other servers, so the data source must be a variable named after the kind of server.
    private static IEnumerable<string> OfDataSource(string where, JsonElement owner)
    {
        var reference = owner.GetProperty("datasource");
        var type = Dashboard.Text(reference, "type");
        var known = DashboardFiles.DataSources.Values.Any(source => source.Type == type) && Dashboard.Text(reference, "uid") == $"${{{type}}}";
        return [.. Shapes["datasource"].Faults(where, reference), .. known ? [] : (string[])[$"{where}: no such data source as {reference}"]];
    }

    private static IEnumerable<string> OfVariable(JsonElement variable) =>
        Shapes.TryGetValue($"variable {Dashboard.Text(variable, "type")}", out var shape)
            ? shape.Faults(Dashboard.Text(variable, "name"), variable)
                .Concat(Dashboard.Text(variable, "type") == "query" ? OfDataSource(Dashboard.Text(variable, "name"), variable) : [])
            : [$"no variable is of the type {Dashboard.Text(variable, "type")}"];

    private static IEnumerable<string> OfUnits(string title, string type, JsonElement panel)
    {
        var defaults = panel.GetProperty("fieldConfig").GetProperty("defaults");
        var ofFields = Dashboard.Elements(panel.GetProperty("fieldConfig"), "overrides").SelectMany(one => Dashboard.Elements(one, "properties"))
            .Where(property => Dashboard.Text(property, "id") == "unit").Select(property => Dashboard.Text(property, "value"));
        var unit = type == "heatmap" ? Dashboard.Text(panel.GetProperty("options").GetProperty("yAxis"), "unit") : Dashboard.Text(defaults, "unit");
        return ofFields.Append(unit).Where(one => !Units.Contains(one)).Select(one => $"{title}: the unit '{one}' is unknown")
            .Concat(WithoutUnit.Contains(type) && defaults.TryGetProperty("unit", out _) ? [$"{title}: its unit belongs to the axis"] : []);
    }

    private static IEnumerable<string> OfThresholds(string title, JsonElement defaults)
    {
        if (!defaults.TryGetProperty("thresholds", out var thresholds))
            return [];
        var steps = Dashboard.Elements(thresholds, "steps");
        var values = steps.Skip(1).Select(step => step.GetProperty("value").GetDouble()).ToList();
        return
        [
            .. steps.SelectMany(step => Shapes["threshold"].Faults(title, step)),
            .. steps[0].GetProperty("value").ValueKind == JsonValueKind.Null && values.SequenceEqual(values.Order()) ? [] : (string[])[$"{title}: thresholds begin with null and rise"],
        ];
    }

    // An override has no effect if no transformation produces a column of its name.
    private static IEnumerable<string> OfOverrides(string title, JsonElement panel)
    {
        var made = Dashboard.Elements(panel, "transformations").Where(one => Dashboard.Text(one, "id") == "organize")
            .SelectMany(one => one.GetProperty("options").GetProperty("renameByName").EnumerateObject()).Select(rename => rename.Value.GetString()).ToHashSet(StringComparer.Ordinal);
        return from one in Dashboard.Elements(panel.GetProperty("fieldConfig"), "overrides")
               let matcher = one.GetProperty("matcher")
               where Dashboard.Text(matcher, "id") != "byName" || !made.Contains(Dashboard.Text(matcher, "options"))
               select $"{title}: the override of {matcher} matches nothing";
    }

    private static IEnumerable<string> Overlaps(IReadOnlyList<JsonElement> places) =>
        from i in Enumerable.Range(0, places.Count)
        from j in Enumerable.Range(i + 1, places.Count - i - 1)
        let a = Rectangle(places[i])
        let b = Rectangle(places[j])
        where a.X < b.X + b.W && b.X < a.X + a.W && a.Y < b.Y + b.H && b.Y < a.Y + a.H
        select $"{Dashboard.Text(places[i], "title")} and {Dashboard.Text(places[j], "title")} overlap";

    private static (int X, int Y, int W, int H) Rectangle(JsonElement place)
    {
        var position = place.GetProperty("gridPos");
        return (position.GetProperty("x").GetInt32(), position.GetProperty("y").GetInt32(), position.GetProperty("w").GetInt32(), position.GetProperty("h").GetInt32());
    }

    private static IEnumerable<string> Doubled<T>(string what, IEnumerable<T> values) =>
        values.GroupBy(value => value).Where(group => group.Count() > 1).Select(group => $"{what} {group.Key} is there twice");

    /// <summary>Keys that an object must and may have.</summary>
    private sealed class Shape(string required, string optional)
    {
        private readonly string[] _required = Split(required);
        private readonly HashSet<string> _allowed = [.. Split(required), .. Split(optional)];

        public IEnumerable<string> Faults(string where, JsonElement element)
        {
            var keys = element.EnumerateObject().Select(property => property.Name).ToList();
            return _required.Except(keys).Select(key => $"{where}: {key} is missing").Concat(keys.Where(key => !_allowed.Contains(key)).Select(key => $"{where}: {key} is unknown"));
        }

        private static string[] Split(string keys) => keys.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}
