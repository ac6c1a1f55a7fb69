using System.Text.RegularExpressions;

namespace Meshara.Lab.Pictures;

/// <summary>A query of a panel.</summary>
/// <param name="RefId">Its letter.</param>
/// <param name="Expression">PromQL with Grafana's variables.</param>
/// <param name="Legend">Template of a series' name, with labels in double braces; empty to use its labels.</param>
internal sealed partial record PanelQuery(string RefId, string Expression, string Legend)
{
    /// <summary>The PromQL to send, with Grafana's variables replaced.</summary>
    /// <param name="node">The selected node; null for all.</param>
    /// <param name="step">The step of graphs; rates are computed over four steps.</param>
    /// <param name="range">The length of the time shown.</param>
    public string For(string? node, TimeSpan step, TimeSpan range) => Expression
        .Replace("$__rate_interval", $"{4 * step.TotalSeconds:0}s", StringComparison.Ordinal)
        .Replace("$__range", $"{range.TotalSeconds:0}s", StringComparison.Ordinal)
        .Replace("$node", node ?? ".*", StringComparison.Ordinal)
        .Replace("$cluster", ".*", StringComparison.Ordinal)
        .Replace("$message_type", ".*", StringComparison.Ordinal);

    /// <summary>The name of a series.</summary>
    public string Name(Series series) => Legend.Length == 0
        ? string.Join(' ', series.Labels.Values)
        : Label().Replace(Legend, match => series.Labels.GetValueOrDefault(match.Groups["name"].Value, "")).Trim();

    [GeneratedRegex(@"\{\{(?<name>\w+)\}\}")]
    private static partial Regex Label();
}
