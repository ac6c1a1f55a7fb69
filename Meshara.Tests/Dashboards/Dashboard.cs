using System.Text.Json;

namespace Meshara.Tests.Dashboards;

/// <summary>A dashboard in Grafana's classic JSON model.</summary>
internal sealed class Dashboard(string file, JsonElement json)
{
    public string File => file;

    public JsonElement Json => json;

    public string Uid => Text(json, "uid");

    public string Title => Text(json, "title");

    /// <summary>Panels in order, without rows.</summary>
    public IReadOnlyList<Panel> Panels => [.. Elements(json, "panels").Where(panel => Text(panel, "type") != "row").Select(panel => new Panel(this, panel))];

    public IReadOnlyList<JsonElement> Variables => Elements(json.GetProperty("templating"), "list");

    /// <summary>Annotations that query a data source, without Grafana's built-in one.</summary>
    public IReadOnlyList<JsonElement> Annotations => [.. Elements(json.GetProperty("annotations"), "list").Where(one => !one.TryGetProperty("builtIn", out _))];

    /// <summary>Every PromQL expression of panels and annotations.</summary>
    public IEnumerable<PromQuery> Queries =>
        Panels.SelectMany(panel => panel.Queries).Concat(Annotations.Select(one => new PromQuery(this, $"annotation {Text(one, "name")}", one.GetProperty("target"))));

    public override string ToString() => file;

    internal static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString()! : "";

    internal static IReadOnlyList<JsonElement> Elements(JsonElement element, string name) =>
        element.TryGetProperty(name, out var list) ? [.. list.EnumerateArray()] : [];
}
