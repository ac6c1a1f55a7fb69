using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Meshara.Tests.Dashboards;

/// <summary>
/// A search for traces in a dashboard, and the request that Grafana's Jaeger data source makes of it (<c>pkg/tsdb/jaeger</c> in its
/// repository): the tags are written as logfmt and sent as a JSON object, and the dashboard's time as microseconds.
/// </summary>
internal sealed partial class TraceQuery(Panel panel, JsonElement target)
{
    public Panel Panel => panel;

    /// <summary>The dashboard's variables that it uses.</summary>
    public IReadOnlySet<string> Variables => PromQuery.VariablesIn(target.GetRawText()).ToHashSet(StringComparer.Ordinal);

    /// <summary>The request to Jaeger, as path and query.</summary>
    /// <param name="variables">Values of the dashboard's variables.</param>
    /// <param name="from">Start of the dashboard's time range.</param>
    /// <param name="to">End of the dashboard's time range.</param>
    /// <exception cref="FormatException">Grafana would turn it into something other than a search.</exception>
    public string Request(IReadOnlyDictionary<string, string> variables, DateTimeOffset from, DateTimeOffset to)
    {
        if (Text("queryType") != "search")
            throw new FormatException($"{this}: is no search");
        string With(string name) => PromQuery.Replace(Text(name), variables);
        (string Name, string Value)[] parameters =
        [
            ("service", With("service")), ("operation", With("operation")), ("tags", Tags(With("tags"))),
            ("minDuration", With("minDuration")), ("maxDuration", With("maxDuration")),
            ("limit", target.GetProperty("limit").GetInt32().ToString(CultureInfo.InvariantCulture)),
            ("start", Microseconds(from)), ("end", Microseconds(to)),
        ];
        return "api/traces?" + string.Join('&', parameters.Where(one => one.Value.Length > 0).Select(one => $"{one.Name}={Uri.EscapeDataString(one.Value)}"));
    }

    public override string ToString() => $"{panel}: {target}";

    private string Text(string name) => Dashboard.Text(target, name);

    // error=true meshara.node.name="node 1"; Grafana would drop anything else, or take it for a key without a value.
    private string Tags(string logfmt)
    {
        if (logfmt.Length == 0)
            return "";
        if (Pair().Replace(logfmt, "").Trim().Length > 0)
            throw new FormatException($"{this}: these are no tags: {logfmt}");
        return JsonSerializer.Serialize(Pair().Matches(logfmt).ToDictionary(pair => pair.Groups["key"].Value, pair => pair.Groups["value"].Value.Trim('"')));
    }

    private static string Microseconds(DateTimeOffset time) => (time.ToUnixTimeMilliseconds() * 1000).ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex("""(?<=^|\s)(?<key>[^\s="]+)=(?<value>"[^"\\]*"|[^\s="]+)(?=\s|$)""")]
    private static partial Regex Pair();
}
