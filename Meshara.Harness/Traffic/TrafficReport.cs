using System.Text.Json;

namespace Meshara.Harness.Traffic;

/// <summary>
/// The report of a run (<c>--report</c>), written as JSON with these names in snake_case. Latencies and coverage are null if there was
/// nothing to measure.
/// </summary>
internal sealed record TrafficReport
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    /// <summary>Number of nodes.</summary>
    public required int Nodes { get; init; }

    /// <inheritdoc cref="TrafficCounts.Sent"/>
    public required long Sent { get; init; }

    /// <summary>Private messages seen in their recipient's inbox.</summary>
    public required long Delivered { get; init; }

    /// <summary>Sent minus delivered.</summary>
    public required long Failed { get; init; }

    /// <summary>Median latency in milliseconds.</summary>
    public required double? P50Ms { get; init; }

    /// <summary>99th percentile of the latency in milliseconds.</summary>
    public required double? P99Ms { get; init; }

    /// <inheritdoc cref="TrafficCounts.Broadcasts"/>
    public required long Broadcasts { get; init; }

    /// <summary>Share of the intended recipients that got their broadcasts, 0 to 1.</summary>
    public required double? BroadcastCoverage { get; init; }

    /// <summary>How long traffic was sent.</summary>
    public required double Seconds { get; init; }

    /// <summary>Creates the report of a run.</summary>
    public static TrafficReport Of(int nodes, TrafficCounts counts, TimeSpan duration)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return new TrafficReport
        {
            Nodes = nodes,
            Sent = counts.Sent,
            Delivered = counts.Delivered,
            Failed = counts.Failed,
            P50Ms = Rounded(counts.P50Ms),
            P99Ms = Rounded(counts.P99Ms),
            Broadcasts = counts.Broadcasts,
            BroadcastCoverage = counts.BroadcastCoverage,
            Seconds = Math.Round(duration.TotalSeconds, 3),
        };
    }

    /// <summary>The content of the file.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    private static double? Rounded(double? milliseconds) => milliseconds is { } value ? Math.Round(value, 3) : null;
}
