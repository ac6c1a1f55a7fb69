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
        // Values are spelled out where a label first appears; `message_type` alone means the same set again.
        var sets = new Dictionary<string, string[]>(StringComparer.Ordinal);
        // | `meshara_errors_total` | counter | `type` (`crypto`, `protocol`) | errors by type |
        foreach (var line in File.ReadLines(Path.Combine(AlertFiles.Root, "docs", "telemetry.md")))
        {
            if (!line.StartsWith("| `meshara_", StringComparison.Ordinal))
                continue;
            var cells = line.Split('|', StringSplitOptions.TrimEntries);
            var labels = new Dictionary<string, string[]>(StringComparer.Ordinal);
            foreach (Match label in Label().Matches(cells[3]))
            {
                var values = label.Groups["value"].Captures.Select(capture => capture.Value).ToArray();
                if (values.Length > 0)
                    sets.TryAdd(label.Groups["name"].Value, values);
                labels[label.Groups["name"].Value] = values.Length > 0 ? values : sets.GetValueOrDefault(label.Groups["name"].Value, []);
            }
            metrics.Add(cells[1].Trim('`'), new Metric(cells[2].StartsWith("histogram", StringComparison.Ordinal), labels));
        }
        return new TelemetryContract(metrics);
    }

    public int Count => _metrics.Count;

    /// <summary>What a text says about meshara_ metrics that the contract does not; empty when all is well.</summary>
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

    [GeneratedRegex("`(?<name>[a-z_]+)`( \\((`(?<value>[a-z_]+)`(, )?)+\\))?")]
    private static partial Regex Label();

    [GeneratedRegex(@"\b(?<name>meshara_[a-z0-9_]+)(\{(?<selector>[^}]*)\})?")]
    private static partial Regex Use();

    [GeneratedRegex("""(?<label>[a-z_]+)\s*(?<op>=~|!~|!=|=)\s*"(?<value>[^"]*)" """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Matcher();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Suffix();

    private sealed record Metric(bool IsHistogram, Dictionary<string, string[]> Labels);
}
