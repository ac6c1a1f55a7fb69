namespace Meshara.Watch.Nodes;

/// <summary>What the page uses of one scrape. Counters are totals since the node started.</summary>
internal sealed record NodeFigures
{
    /// <summary>Upper bounds of the buckets of <see cref="Latency"/> in seconds; the last bucket has none.</summary>
    public static readonly double[] LatencyBounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

    /// <summary>Private messages accepted from users that ended well.</summary>
    public double Acknowledged { get; set; }

    /// <summary>Private messages that expired or were rejected.</summary>
    public double Failed { get; set; }

    /// <summary>Private messages handed to a peer.</summary>
    public double Sent { get; set; }

    /// <summary>Private messages received.</summary>
    public double Received { get; set; }

    /// <summary>Broadcasts received.</summary>
    public double Broadcasts { get; set; }

    /// <summary>Messages relayed for others.</summary>
    public double Forwarded { get; set; }

    /// <summary>Errors of all types.</summary>
    public double Errors { get; set; }

    /// <summary>Bytes sent to peers.</summary>
    public double BytesOut { get; set; }

    /// <summary>Bytes received from peers.</summary>
    public double BytesIn { get; set; }

    /// <summary>Accepted messages that wait for their acknowledgment.</summary>
    public double Queue { get; set; }

    /// <summary>Age of the oldest of them in seconds.</summary>
    public double Oldest { get; set; }

    /// <summary>Hash of the nodes believed alive.</summary>
    public double MembershipView { get; set; }

    /// <summary>Number of nodes believed alive.</summary>
    public double MembershipSize { get; set; }

    /// <summary>Latencies of private messages: cumulative counts by <see cref="LatencyBounds"/>, and the count of all.</summary>
    public double[] Latency { get; } = new double[LatencyBounds.Length + 1];

    /// <summary>Its counters.</summary>
    public IEnumerable<double> Counters =>
        [Acknowledged, Failed, Sent, Received, Broadcasts, Forwarded, Errors, BytesOut, BytesIn, .. Latency];

    /// <summary>False if a value cannot be true: negative, no number, or beyond what a node could count in its life.</summary>
    public bool ArePlausible => Counters.Concat([Queue, Oldest, MembershipView, MembershipSize]).All(value => value is >= 0 and <= 1e18);

    /// <summary>True if no counter is below what it was, as after a restart.</summary>
    public bool Follows(NodeFigures earlier) => Counters.Zip(earlier.Counters, (now, before) => now >= before).All(isNotLess => isNotLess);
}
