using System.Globalization;
using System.Text;

namespace Meshara.Watch.Nodes;

/// <summary>Reads <see cref="NodeFigures"/> from Prometheus' text format:
/// <code>
/// meshara_messages_sent_total{otel_scope_name="Meshara",message_type="private"} 42 1764512345678
/// </code>
/// </summary>
internal static class MetricsText
{
    private const string Prefix = "meshara_";

    /// <summary>Reads a scrape; lines of other metrics, and those that cannot be read, count nothing.</summary>
    /// <returns>Null if it has none of a node's metrics.</returns>
    public static NodeFigures? Read(ReadOnlySpan<byte> scrape)
    {
        var figures = new NodeFigures();
        var isNode = false;
        foreach (var line in Encoding.UTF8.GetString(scrape).AsSpan().EnumerateLines())
        {
            if (!line.StartsWith(Prefix, StringComparison.Ordinal))
                continue;
            var labels = line.IndexOf('{');
            var end = labels < 0 ? line.IndexOf(' ') : EndOfLabels(line);
            if (end <= 0 || !TryRead(line[end..].TrimStart(), out var value))
                continue;
            isNode = true;
            Add(figures, labels < 0 ? line[Prefix.Length..end] : line[Prefix.Length..labels], labels < 0 ? [] : line[labels..end], value);
        }
        return isNode ? figures : null;
    }

    // A label's value may contain braces, and an exemplar after the value has labels of its own.
    private static int EndOfLabels(ReadOnlySpan<char> line)
    {
        var isQuoted = false;
        for (var i = line.IndexOf('{') + 1; i < line.Length; i++)
        {
            if (line[i] == '\\' && isQuoted)
                i++;
            else if (line[i] == '"')
                isQuoted = !isQuoted;
            else if (line[i] == '}' && !isQuoted)
                return i + 1;
        }
        return -1;
    }

    private static bool TryRead(ReadOnlySpan<char> text, out double value)
    {
        var end = text.IndexOf(' ');
        return double.TryParse(end < 0 ? text : text[..end], NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    private static void Add(NodeFigures figures, ReadOnlySpan<char> name, ReadOnlySpan<char> labels, double value)
    {
        var isPrivate = Has(labels, "message_type=\"private\"");
        switch (name)
        {
            case "messages_completed_total" when Has(labels, "outcome=\"acknowledged\""): figures.Acknowledged += value; break;
            case "messages_completed_total": figures.Failed += value; break;
            case "messages_sent_total" when isPrivate: figures.Sent += value; break;
            case "messages_received_total" when isPrivate: figures.Received += value; break;
            case "messages_received_total" when Has(labels, "message_type=\"broadcast\""): figures.Broadcasts += value; break;
            case "messages_forwarded_total": figures.Forwarded += value; break;
            case "errors_total": figures.Errors += value; break;
            case "network_bytes_total" when Has(labels, "direction=\"out\""): figures.BytesOut += value; break;
            case "network_bytes_total": figures.BytesIn += value; break;
            case "message_queue_size": figures.Queue = value; break;
            case "oldest_pending_message_seconds": figures.Oldest = value; break;
            case "membership_view": figures.MembershipView = value; break;
            case "membership_size": figures.MembershipSize = value; break;
            case "message_latency_seconds_bucket" when isPrivate: AddLatency(figures, labels, value); break;
        }
    }

    private static void AddLatency(NodeFigures figures, ReadOnlySpan<char> labels, double value)
    {
        var start = labels.IndexOf("le=\"");
        if (start < 0)
            return;
        var bound = labels[(start + 4)..];
        bound = bound[..Math.Max(0, bound.IndexOf('"'))];
        if (bound is "+Inf")
            figures.Latency[^1] += value;
        else if (double.TryParse(bound, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
            && Array.IndexOf(NodeFigures.LatencyBounds, seconds) is >= 0 and var bucket)
            figures.Latency[bucket] += value;
    }

    private static bool Has(ReadOnlySpan<char> labels, string label) => labels.Contains(label, StringComparison.Ordinal);
}
