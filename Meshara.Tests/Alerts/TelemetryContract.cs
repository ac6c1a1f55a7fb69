using System.Text.RegularExpressions;

namespace Meshara.Tests.Alerts;

/// <summary>The metrics of docs/telemetry.md, with their labels and the closed sets of label values.</summary>
internal sealed partial class TelemetryContract
{
    private readonly Dictionary<string, Metric> _metrics;

    private TelemetryContract(Dictionary<string, Metric> metrics) => _metrics = metrics;

    public static TelemetryContract Load()
    {
        var metrics = new Dictionary<string, Metric>(StringComparer.Ordinal);
        // A label listed without values has those listed last for it.
        var sets = new Dictionary<string, string[]>(StringComparer.Ordinal);
        // | `meshara_errors_total` | counter | `type` (`crypto`, `protocol`) | errors by type |
        foreach (var line in File.ReadLines(Path.Combine(AlertFiles.Root, "docs", "telemetry.md")))
        {
            if (!line.StartsWith("| `meshara_", StringComparison.Ordinal) && !line.StartsWith("| `messaging_", StringComparison.Ordinal))
                continue;
            var cells = line.Split('|', StringSplitOptions.TrimEntries);
            var labels = new Dictionary<string, string[]>(StringComparer.Ordinal);
            foreach (Match label in Label().Matches(cells[3]))
            {
                var values = label.Groups["value"].Captures.Select(capture => capture.Value).ToArray();
                if (values.Length > 0)
                    sets[label.Groups["name"].Value] = values;
                labels[label.Groups["name"].Value] = values.Length > 0 ? values : sets.GetValueOrDefault(label.Groups["name"].Value, []);
            }
            var optional = Optional().Matches(cells[3]).Select(match => match.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);
            metrics.Add(cells[1].Trim('`'), new Metric(cells[2].Split(':', ',')[0], Bounds(cells[2]), cells[5].Trim('`'), labels, optional));
        }
        return new TelemetryContract(metrics);
    }

    public int Count => _metrics.Count;

    public IReadOnlyDictionary<string, Metric> Metrics => _metrics;

    /// <summary>Uses of meshara_ metrics in a text that contradict the contract; empty if there are none.</summary>
    public IEnumerable<string> Violations(string text)
    {
        foreach (Match use in Use().Matches(text))
        {
            var name = use.Groups["name"].Value;
            if (Find(name) is not { } metric)
            {
                yield return $"{name} is not in docs/telemetry.md";
                continue;
            }
            foreach (Match matcher in Matcher().Matches(use.Groups["selector"].Value))
            {
                if (Refuse(metric, matcher.Groups["label"].Value, matcher.Groups["op"].Value, matcher.Groups["value"].Value) is { } violation)
                    yield return $"{name}: {violation}";
            }
        }
    }

    // histogram: 0.001 0.005 0.01
    private static string[] Bounds(string type) =>
        type.StartsWith("histogram:", StringComparison.Ordinal) ? type["histogram:".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];

    private Metric? Find(string name)
    {
        if (_metrics.TryGetValue(name, out var metric))
            return metric;
        return Suffix().Match(name) is { Success: true } suffix
            && _metrics.TryGetValue(name[..suffix.Index], out metric) && metric.IsHistogram ? metric : null;
    }

    private static string? Refuse(Metric metric, string label, string op, string value)
    {
        if (label is "job" or "instance" or "node" or "cluster" || (label == "le" && metric.IsHistogram))
            return null;
        if (!metric.Labels.TryGetValue(label, out var values))
            return $"has no label {label}";
        var named = op is "=~" or "!~" ? value.Split('|') : [value];
        var unknown = named.Where(one => values.Length > 0 && !values.Contains(one) && !one.StartsWith('$')).ToArray();
        return unknown.Length == 0 ? null : $"label {label} never is {string.Join(" or ", unknown)}";
    }

    [GeneratedRegex("`(?<name>[a-z_]+)`( \\((`(?<value>[A-Za-z_]+)`(, )?)+\\))?")]
    private static partial Regex Label();

    // when it failed: `error_type` (`expired`, `rejected`)
    [GeneratedRegex("when it failed: `(?<name>[a-z_]+)`")]
    private static partial Regex Optional();

    // With colons around it, it is a recorded series.
    [GeneratedRegex(@"(?<![\w:])(?<name>meshara_[a-z0-9_]+)(\{(?<selector>[^}]*)\})?")]
    private static partial Regex Use();

    [GeneratedRegex("""(?<label>[a-z_]+)\s*(?<op>=~|!~|!=|=)\s*"(?<value>[^"]*)" """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Matcher();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Suffix();

    /// <param name="Bounds">Upper bounds of a histogram's buckets, as written.</param>
    /// <param name="Unit">The OpenTelemetry unit (UCUM); empty for none.</param>
    /// <param name="Labels">Labels with their values; no values for an open set.</param>
    /// <param name="Optional">Labels that not every series has.</param>
    internal sealed record Metric(string Type, string[] Bounds, string Unit, Dictionary<string, string[]> Labels, IReadOnlySet<string> Optional)
    {
        public bool IsHistogram => Type == "histogram";
    }
}
