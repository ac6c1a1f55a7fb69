using System.Globalization;
using System.Text.RegularExpressions;

namespace Meshara.Lab.Drills.Hostile;

/// <summary>What a node's metrics say at one moment.</summary>
/// <param name="MemoryBytes">Its working set.</param>
/// <param name="Counts">Its counters of what peers do to it, by <c>counter.label</c>.</param>
internal sealed partial record NodeFigures(long MemoryBytes, IReadOnlyDictionary<string, long> Counts)
{
    private const string Memory = "meshara_memory_usage_bytes";

    private static readonly Dictionary<string, string> Counters = new(StringComparer.Ordinal)
    {
        ["meshara_connections_closed_total"] = "connections_closed",
        ["meshara_connection_errors_total"] = "connection_errors",
        ["meshara_messages_dropped_total"] = "messages_dropped",
        ["meshara_errors_total"] = "errors",
    };

    /// <summary>Reads them from a scrape in Prometheus' text format.</summary>
    public static NodeFigures Parse(string text)
    {
        var memory = 0L;
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (Match sample in Sample().Matches(text))
        {
            var value = (long)double.Parse(sample.Groups["value"].ValueSpan, CultureInfo.InvariantCulture);
            if (sample.Groups["name"].Value == Memory)
                memory = value;
            else if (Counters.TryGetValue(sample.Groups["name"].Value, out var counter) && Reason().Match(sample.Groups["labels"].Value) is { Success: true } reason)
                counts[$"{counter}.{reason.Groups["value"].Value}"] = counts.GetValueOrDefault($"{counter}.{reason.Groups["value"].Value}") + value;
        }
        return new NodeFigures(memory, counts);
    }

    [GeneratedRegex(@"^(?<name>meshara_[a-z0-9_]+)(?:\{(?<labels>[^}]*)\})? (?<value>[-+0-9.eE]+)", RegexOptions.Multiline)]
    private static partial Regex Sample();

    [GeneratedRegex("(?:^|,)(?:reason|type)=\"(?<value>[^\"]*)\"")]
    private static partial Regex Reason();
}
