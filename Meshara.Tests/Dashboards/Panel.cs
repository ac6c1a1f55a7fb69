using System.Text.Json;
using System.Text.RegularExpressions;

namespace Meshara.Tests.Dashboards;

/// <summary>A panel of a dashboard.</summary>
internal sealed partial class Panel(Dashboard dashboard, JsonElement json)
{
    public Dashboard Dashboard => dashboard;

    public JsonElement Json => json;

    public string Title => Dashboard.Text(json, "title");

    public string Type => Dashboard.Text(json, "type");

    public string Description => Dashboard.Text(json, "description");

    /// <summary>The kind of server it queries; the variable of that name selects the server.</summary>
    public string DataSource => Dashboard.Text(json.GetProperty("datasource"), "type");

    public JsonElement Defaults => json.GetProperty("fieldConfig").GetProperty("defaults");

    public IReadOnlyList<JsonElement> Targets => Dashboard.Elements(json, "targets");

    /// <summary>Its Prometheus queries; empty for other data sources.</summary>
    public IEnumerable<PromQuery> Queries => DataSource == "prometheus" ? Targets.Select(target => new PromQuery(dashboard, Title, target)) : [];

    /// <summary>Its Jaeger searches.</summary>
    public IEnumerable<TraceQuery> TraceQueries => DataSource == "jaeger" ? Targets.Select(target => new TraceQuery(this, target)) : [];

    /// <summary>Its Elasticsearch queries.</summary>
    public IEnumerable<LogQuery> LogQueries => DataSource == "elasticsearch" ? Targets.Select(target => new LogQuery(this, target)) : [];

    /// <summary>The drills in which its data shows; exactly one.</summary>
    public IReadOnlyList<string> Drills => [.. Drill().Matches(Description).Select(match => match.Groups["name"].Value)];

    /// <summary>The alerts whose quantity it shows.</summary>
    public IReadOnlyList<string> Alerts => [.. Alert().Matches(Description).Select(match => match.Groups["name"].Value)];

    public override string ToString() => $"{dashboard.File}: {Title}";

    [GeneratedRegex("^Drill: (?<name>.+)$", RegexOptions.Multiline)]
    private static partial Regex Drill();

    [GeneratedRegex("^Alert: (?<name>.+)$", RegexOptions.Multiline)]
    private static partial Regex Alert();
}
