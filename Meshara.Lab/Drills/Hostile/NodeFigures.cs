using Meshara.Harness.Nodes;

namespace Meshara.Lab.Drills.Hostile;

/// <summary>A node's metrics at one moment.</summary>
/// <param name="MemoryBytes">Its working set.</param>
/// <param name="Counts">Its counters of what peers did to it, by <c>counter.label</c>.</param>
internal sealed record NodeFigures(long MemoryBytes, IReadOnlyDictionary<string, long> Counts)
{
    private static readonly Dictionary<string, string> Counters = new(StringComparer.Ordinal)
    {
        ["meshara_connections_closed_total"] = "connections_closed",
        ["meshara_connection_errors_total"] = "connection_errors",
        ["meshara_messages_dropped_total"] = "messages_dropped",
        ["meshara_errors_total"] = "errors",
    };

    /// <summary>Extracts the figures from a scrape.</summary>
    public static NodeFigures Of(NodeMetrics metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var sample in metrics.Samples.Where(sample => sample.Value > 0))
        {
            if (Counters.TryGetValue(sample.Name, out var counter) && (sample.Labels.GetValueOrDefault("reason") ?? sample.Labels.GetValueOrDefault("type")) is { } cause)
                counts[$"{counter}.{cause}"] = counts.GetValueOrDefault($"{counter}.{cause}") + (long)sample.Value;
        }
        return new NodeFigures((long)metrics.Sum("meshara_memory_usage_bytes"), counts);
    }
}
