namespace Meshara.Harness.Network;

/// <summary>Bandwidth, latency, jitter and stalls of a link.</summary>
internal sealed record LinkConditions
{
    /// <summary>No delay.</summary>
    public static LinkConditions Good { get; } = new();

    /// <summary>Bandwidth of a connection in bytes per second, in each direction; 0 for no limit.</summary>
    public int BytesPerSecond { get; init; }

    /// <summary>One-way delay of every segment.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Maximum additional delay, chosen at random for each segment.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Share of segments that stall, 0 to 1, as if lost and retransmitted.</summary>
    public double StallShare { get; init; }

    /// <summary>Maximum additional delay of a stalled segment; the minimum is a quarter of it.</summary>
    public TimeSpan Stall { get; init; }
}
