namespace Meshara.Lab.Drills.Wan;

/// <summary>What the drill <c>wan</c> found of its network.</summary>
internal sealed record WanReport
{
    /// <summary>What delayed the packets: <c>netem</c>, or the <c>lab</c> where the kernel has no netem.</summary>
    public required string Links { get; init; }

    /// <summary>Delay of what leaves each node, in milliseconds.</summary>
    public required IReadOnlyDictionary<string, double> DelayMs { get; init; }

    /// <summary>Part of the packets that each link loses.</summary>
    public double PacketLoss => AccessLink.Loss;

    /// <summary>Bits that each link carries in a second.</summary>
    public int BitsPerSecond => AccessLink.BitsPerSecond;

    /// <summary>The node that can dial and cannot be dialled.</summary>
    public required string BehindNat { get; init; }

    /// <summary>
    /// From when messages were handed over, more than three seconds before the network was cut, until they were in their recipient's inbox;
    /// by kind of pair: <c>direct</c>, <c>from_nat</c> and <c>to_nat</c>.
    /// </summary>
    public required IReadOnlyDictionary<string, WanLatency> Latencies { get; init; }

    /// <summary>What was sent again until the network was cut.</summary>
    public required WanRepeats? BeforeCut { get; init; }

    /// <summary>What was sent again until the end.</summary>
    public required WanRepeats InAll { get; init; }

    /// <summary>How long a node is silent until it counts as gone.</summary>
    public required double DetectionSeconds { get; init; }

    /// <summary>From when the last node was ready until all believed the same nodes alive.</summary>
    public required double? FirstViewSeconds { get; init; }

    /// <summary>From the cut until each half believed its own nodes alive and no others.</summary>
    public required double? HalvesSeconds { get; init; }

    /// <summary>From the end of the cut until all nodes believed the same nodes alive.</summary>
    public required double? OneViewSeconds { get; init; }
}

/// <summary>Latencies of one kind of pair, in milliseconds.</summary>
/// <param name="Messages">How many arrived.</param>
/// <param name="P50">Median.</param>
/// <param name="P99">99th percentile.</param>
/// <param name="Max">The longest.</param>
internal sealed record WanLatency(int Messages, double? P50, double? P99, double? Max);

/// <summary>What was sent more than once, on all nodes since they started.</summary>
/// <param name="Repeated">Messages that came to a recipient that had them already, and were suppressed.</param>
/// <param name="Attempts">Attempts to deliver a message, by outcome.</param>
/// <param name="RetransmittedSegments">Segments that TCP sent again.</param>
internal sealed record WanRepeats(double Repeated, IReadOnlyDictionary<string, double> Attempts, long RetransmittedSegments);
