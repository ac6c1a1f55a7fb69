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

    /// <summary>The kind of server it asks; which one of them is chosen by the variable of that name.</summary>
    public string DataSource => Dashboard.Text(json.GetProperty("datasource"), "type");

    public JsonElement Defaults => json.GetProperty("fieldConfig").GetProperty("defaults");

    public IReadOnlyList<JsonElement> Targets => Dashboard.Elements(json, "targets");

    /// <summary>What it asks Prometheus; none for the other data sources.</summary>
    public IEnumerable<PromQuery> Queries => DataSource == "prometheus" ? Targets.Select(target => new PromQuery(dashboard, Title, target)) : [];

    /// <summary>What it searches Jaeger for.</summary>
    public IEnumerable<TraceQuery> TraceQueries => DataSource == "jaeger" ? Targets.Select(target => new TraceQuery(this, target)) : [];

    /// <summary>What it asks Elasticsearch.</summary>
    public IEnumerable<LogQuery> LogQueries => DataSource == "elasticsearch" ? Targets.Select(target => new LogQuery(this, target)) : [];

    /// <summary>The drills under which its data shows; exactly one.</summary>
    public IReadOnlyList<string> Drills => [.. Drill().Matches(Description).Select(match => match.Groups["name"].Value)];

    /// <summary>The alerts whose quantity it shows.</summary>
    public IReadOnlyList<string> Alerts => [.. Alert().Matches(Description).Select(match => match.Groups["name"].Value)];

    public override string ToString() => $"{dashboard.File}: {Title}";

    [GeneratedRegex("^Drill: (?<name>.+)$", RegexOptions.Multiline)]
    private static partial Regex Drill();

    [GeneratedRegex("^Alert: (?<name>.+)$", RegexOptions.Multiline)]
    private static partial Regex Alert();
}
