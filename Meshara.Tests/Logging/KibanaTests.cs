using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Logging;

/// <summary>logging/kibana/logs.ndjson: it can be imported with all references, and shows only fields of the contract.</summary>
public sealed partial class KibanaTests
{
    private static readonly IReadOnlyList<JsonObject> Objects =
        [.. File.ReadLines(Path.Combine(AlertFiles.Root, "logging", "kibana", "logs.ndjson")).Select(line => JsonNode.Parse(line)!.AsObject())];

    [Fact]
    public void The_saved_objects_of_the_seed_are_there()
    {
        Assert.Equal("meshara-logs-*", Text(Find("index-pattern", "meshara-logs")["attributes"]!["title"]));
        Assert.Equal("level: \"ERROR\"", Query(Find("search", "meshara-errors")));
        Assert.Equal("message_id: *", Query(Find("search", "meshara-message")));
        Assert.Equal("trace_id: *", Query(Find("search", "meshara-trace")));
        Assert.Contains("span.name", Fields(Find("lens", "meshara-span-names")));
        Assert.Equal("Meshara logs", Text(Find("dashboard", "meshara-logs")["attributes"]!["title"]));
    }

    [Fact]
    public void Every_object_has_an_id_of_its_own_and_says_what_it_is_for()
    {
        Assert.Equal(Objects.Count, Objects.Select(Key).Distinct().Count());
        Assert.All(Objects.Where(one => Text(one["type"]) != "index-pattern"), one => Assert.False(string.IsNullOrWhiteSpace(Text(one["attributes"]!["description"]))));
        Assert.All(Objects, one => Assert.NotNull(one["typeMigrationVersion"]));
    }

    [Fact]
    public void Every_search_that_a_runbook_names_is_there()
    {
        var named = Directory.GetFiles(AlertFiles.Runbooks, "*.md")
            .SelectMany(path => Named().Matches(File.ReadAllText(path)).Select(match => match.Groups["title"].Value)).Distinct().ToList();
        Assert.NotEmpty(named);
        Assert.Empty(named.Except(Objects.Select(one => Text(one["attributes"]!["title"]))));
    }

    [Fact]
    public void Every_reference_leads_to_an_object_of_the_file()
    {
        var known = Objects.Select(Key).ToHashSet(StringComparer.Ordinal);
        var references = Objects.SelectMany(one => one["references"]!.AsArray()).Select(reference => Key(reference!.AsObject())).ToList();
        Assert.NotEmpty(references);
        Assert.Empty(references.Except(known));
    }

    [Fact]
    public void Every_place_that_needs_a_reference_has_it_and_every_reference_is_needed() => Assert.All(Objects, one =>
    {
        var given = one["references"]!.AsArray().Select(reference => Text(reference!["name"])).Order(StringComparer.Ordinal);
        Assert.Equal(Needed(one).Order(StringComparer.Ordinal), given);
    });

    [Fact]
    public void Every_panel_has_its_own_place_on_the_grid()
    {
        var panels = Nested(Find("dashboard", "meshara-logs")["attributes"]!["panelsJSON"]).AsArray();
        var cells = panels.SelectMany(panel => Cells(panel!["gridData"]!)).ToList();
        Assert.Equal(panels.Count, panels.Select(panel => Text(panel!["panelIndex"])).Distinct().Count());
        Assert.All(panels, panel => Assert.Equal(Text(panel!["panelIndex"]), Text(panel["gridData"]!["i"])));
        Assert.Equal(cells.Count, cells.Distinct().Count());
        Assert.All(cells, cell => Assert.InRange(cell.X, 0, 47)); // Kibana's grid has 48 columns
    }

    [Fact]
    public void Every_visualization_draws_columns_that_it_has() => Assert.All(Objects.Where(one => Text(one["type"]) == "lens"), one =>
    {
        var state = one["attributes"]!["state"]!;
        var (id, layer) = Assert.Single(state["datasourceStates"]!["formBased"]!["layers"]!.AsObject());
        var columns = layer!["columns"]!.AsObject().Select(column => column.Key).ToList();
        Assert.Equal(columns, layer["columnOrder"]!.AsArray().Select(Text));
        var drawn = Walk(state["visualization"]!).Where(node => node.Key is "accessors" or "xAccessor" or "splitAccessor" or "columnId")
            .SelectMany(node => node.Value is JsonArray list ? list.Select(Text) : [Text(node.Value)]).ToList();
        Assert.Equal(columns.Order(StringComparer.Ordinal), drawn.Order(StringComparer.Ordinal));
        Assert.All(Walk(state["visualization"]!).Where(node => node.Key == "layerId"), node => Assert.Equal(id, Text(node.Value)));
    });

    [Fact]
    public void Every_field_it_uses_is_in_the_contract()
    {
        var used = Objects.SelectMany(Fields).ToHashSet(StringComparer.Ordinal);
        Assert.Superset(new HashSet<string> { "level", "message_id", "trace_id", "span.name", "suppressed" }, used);
        Assert.Empty(used.Except(LogContract.Fields).Except(LogContract.AddedByFilebeat));
    }

    [Fact]
    public void What_others_link_to_is_there()
    {
        var linked = ((string[])["logging", "tracing", "docs", "dashboards", "Meshara.AppHost/Logs"]).Select(folder => Path.Combine(AlertFiles.Root, folder))
            .SelectMany(folder => Directory.GetFiles(folder, "*", SearchOption.AllDirectories)).Where(path => Path.GetExtension(path) is ".md" or ".json" or ".cs" or ".yml")
            .SelectMany(path => Link().Matches(File.ReadAllText(path)))
            .Select(match => (match.Groups["app"].Value == "discover" ? "search " : "dashboard ") + match.Groups["id"].Value).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(4, linked.Count);
        Assert.Empty(linked.Except(Objects.Select(Key)));
    }

    private static JsonObject Find(string type, string id) => Assert.Single(Objects, one => Key(one) == $"{type} {id}");

    private static string Key(JsonObject one) => $"{Text(one["type"])} {Text(one["id"])}";

    private static string Query(JsonObject search) =>
        Text(Nested(search["attributes"]!["kibanaSavedObjectMeta"]!["searchSourceJSON"])["query"]!["query"]);

    /// <summary>Fields that an object uses: in columns, sorting, controls, aggregations and queries.</summary>
    private static IEnumerable<string> Fields(JsonObject one) => Walk(one).SelectMany(node => node switch
    {
        { Key: "columns", Value: JsonArray list } => list.OfType<JsonValue>().Select(Text),
        { Key: "sort", Value: JsonArray list } => list.Select(pair => Text(pair![0])),
        { Key: "sourceField" or "fieldName" or "timeFieldName", Value: { } field } => [Text(field)],
        { Key: "query", Value: JsonValue query } => Queried().Matches(Text(query)).Select(match => match.Groups["field"].Value),
        _ => [],
    }).Where(field => field != "___records___");

    /// <summary>The reference names that an object needs, as Kibana derives them.</summary>
    private static IEnumerable<string> Needed(JsonObject one) => Walk(one).SelectMany(node => node switch
    {
        { Key: "indexRefName", Value: { } name } => (string[])[Text(name)],
        { Key: "layers", Value: JsonObject layers } => layers.Select(layer => $"indexpattern-datasource-layer-{layer.Key}"),
        { Key: "panelRefName", Value: { Parent: { } panel } name } => [$"{Text(panel["panelIndex"])}:{Text(name)}"],
        { Key: "fieldName", Value: { Parent: { } control } } => [$"controlGroup_{Text(control["id"])}:optionsListDataView"],
        _ => [],
    });

    private static IEnumerable<(int X, int Y)> Cells(JsonNode grid) =>
        from x in Enumerable.Range(grid["x"]!.GetValue<int>(), grid["w"]!.GetValue<int>())
        from y in Enumerable.Range(grid["y"]!.GetValue<int>(), grid["h"]!.GetValue<int>())
        select (x, y);

    /// <summary>
    /// All properties below a node. Descends into strings that contain JSON, in which Kibana stores parts of its objects.
    /// </summary>
    private static IEnumerable<KeyValuePair<string, JsonNode?>> Walk(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(entry => (KeyValuePair<string, JsonNode?>[])[entry, .. Walk(entry.Key.EndsWith("JSON", StringComparison.Ordinal) ? Nested(entry.Value) : entry.Value)]),
        JsonArray list => list.SelectMany(Walk),
        _ => [],
    };

    private static JsonNode Nested(JsonNode? text) => JsonNode.Parse(Text(text))!;

    private static string Text(JsonNode? node) => node!.GetValue<string>();

    // level: ("WARN" or "ERROR")
    [GeneratedRegex(@"(?<field>[a-z_.@]+)\s*:")]
    private static partial Regex Queried();

    [GeneratedRegex(@"\*(?<title>Meshara: [^*]+)\*")]
    private static partial Regex Named();

    [GeneratedRegex(@"/app/(?<app>discover|dashboards)#/view/(?<id>[a-z-]+)")]
    private static partial Regex Link();
}
