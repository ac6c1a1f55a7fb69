using System.Text.Json;

namespace Meshara.Lab.Pictures;

/// <summary>The properties of a Grafana panel that are drawn.</summary>
internal sealed class PanelModel
{
    private PanelModel(JsonElement json)
    {
        Title = json.GetProperty("title").GetString()!;
        Type = json.GetProperty("type").GetString()!;
        Width = json.GetProperty("gridPos").GetProperty("w").GetInt32();
        Height = json.GetProperty("gridPos").GetProperty("h").GetInt32();
        Queries = [.. json.GetProperty("targets").EnumerateArray().Select(target => new PanelQuery(
            Text(target, "refId"), Text(target, "expr"), Text(target, "legendFormat")))];
        var config = json.GetProperty("fieldConfig");
        var defaults = config.GetProperty("defaults");
        Unit = Type == "heatmap" ? Text(json.GetProperty("options").GetProperty("yAxis"), "unit") : Text(defaults, "unit");
        NoValue = Text(defaults, "noValue");
        Decimals = defaults.TryGetProperty("decimals", out var decimals) ? decimals.GetInt32() : null;
        IsStacked = defaults.TryGetProperty("custom", out var custom) && custom.TryGetProperty("stacking", out var stacking) && Text(stacking, "mode") == "normal";
        Thresholds = defaults.TryGetProperty("thresholds", out var thresholds)
            ? [.. thresholds.GetProperty("steps").EnumerateArray().Select(step => (step.GetProperty("value") is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : double.NegativeInfinity, Text(step, "color")))]
            : [];
        Columns = ReadColumns(json);
        Units = config.GetProperty("overrides").EnumerateArray()
            .SelectMany(one => one.GetProperty("properties").EnumerateArray().Where(property => Text(property, "id") == "unit")
                .Select(property => (Column: Text(one.GetProperty("matcher"), "options"), Unit: Text(property, "value"))))
            .ToDictionary(one => one.Column, one => one.Unit);
    }

    public string Title { get; }

    /// <summary>Grafana's name for the type of panel.</summary>
    public string Type { get; }

    /// <summary>Width in columns, of 24.</summary>
    public int Width { get; }

    /// <summary>Height in Grafana's rows of 30 pixels, with gaps of 8.</summary>
    public int Height { get; }

    public IReadOnlyList<PanelQuery> Queries { get; }

    public string Unit { get; }

    public string NoValue { get; }

    /// <summary>True if its series are stacked.</summary>
    public bool IsStacked { get; }

    /// <summary>Number of decimals; null to choose automatically.</summary>
    public int? Decimals { get; }

    /// <summary>The colour from each value on, ascending.</summary>
    public IReadOnlyList<(double Value, string Color)> Thresholds { get; }

    /// <summary>For a table: the field and title of each column, in order.</summary>
    public IReadOnlyList<(string Field, string Title)> Columns { get; }

    /// <summary>For a table: units of columns, by title.</summary>
    public IReadOnlyDictionary<string, string> Units { get; }

    /// <summary>The panels of a dashboard that query Prometheus, by title.</summary>
    public static IReadOnlyDictionary<string, PanelModel> Read(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        return document.RootElement.GetProperty("panels").EnumerateArray()
            .Where(panel => panel.TryGetProperty("datasource", out var source) && Text(source, "type") == "prometheus")
            .Select(panel => new PanelModel(panel)).ToDictionary(panel => panel.Title);
    }

    private static IReadOnlyList<(string, string)> ReadColumns(JsonElement json)
    {
        if (!json.TryGetProperty("transformations", out var transformations))
            return [];
        var organize = transformations.EnumerateArray().Single(one => Text(one, "id") == "organize").GetProperty("options");
        var titles = organize.GetProperty("renameByName").EnumerateObject().ToDictionary(rename => rename.Name, rename => rename.Value.GetString()!);
        return [.. organize.GetProperty("indexByName").EnumerateObject().OrderBy(field => field.Value.GetInt32()).Select(field => (field.Name, titles[field.Name]))];
    }

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString()! : "";
}
