namespace Meshara.Lab.Drills.Wan;

/// <summary>Measurements of the drill <c>wan</c> and its network.</summary>
internal sealed record WanReport
{
    /// <summary>What delayed the packets: <c>netem</c>, or the <c>lab</c> where the kernel has no netem.</summary>
    public required string Links { get; init; }

    /// <summary>Delay of packets leaving each node, in milliseconds.</summary>
    public required IReadOnlyDictionary<string, double> DelayMs { get; init; }

    /// <summary>Share of packets that each link loses.</summary>
    public double PacketLoss => AccessLink.Loss;

    /// <summary>Bandwidth of each link in bits per second.</summary>
    public int BitsPerSecond => AccessLink.BitsPerSecond;

    /// <summary>The node that can dial but cannot be dialled.</summary>
    public required string BehindNat { get; init; }

    /// <summary>
    /// Time from handing over a message, more than three seconds before the cut, until it was in its recipient's inbox; by kind of pair:
    /// <c>direct</c>, <c>from_nat</c> and <c>to_nat</c>.
    /// </summary>
    public required IReadOnlyDictionary<string, WanLatency> Latencies { get; init; }

    /// <summary>Repeated transmissions until the cut.</summary>
    public required WanRepeats? BeforeCut { get; init; }

    /// <summary>Repeated transmissions until the end.</summary>
    public required WanRepeats InAll { get; init; }

    /// <summary>How long a node must be silent to be considered dead.</summary>
    public required double DetectionSeconds { get; init; }

    /// <summary>Time from when the last node was ready until all had the same view of live members.</summary>
    public required double? FirstViewSeconds { get; init; }

    /// <summary>Time from the cut until each half considered exactly its own nodes alive.</summary>
    public required double? HalvesSeconds { get; init; }

    /// <summary>Time from the end of the cut until all had the same view of live members.</summary>
    public required double? OneViewSeconds { get; init; }
}

/// <summary>Latencies of one kind of pair, in milliseconds.</summary>
/// <param name="Messages">Number of messages that arrived.</param>
/// <param name="P50">Median.</param>
/// <param name="P99">99th percentile.</param>
/// <param name="Max">The longest.</param>
internal sealed record WanLatency(int Messages, double? P50, double? P99, double? Max);

/// <summary>Repeated transmissions on all nodes since they started.</summary>
/// <param name="Repeated">Duplicates that recipients suppressed.</param>
/// <param name="Attempts">Delivery attempts, by outcome.</param>
/// <param name="RetransmittedSegments">Segments retransmitted by TCP.</param>
internal sealed record WanRepeats(double Repeated, IReadOnlyDictionary<string, double> Attempts, long RetransmittedSegments);
