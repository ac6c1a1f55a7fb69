namespace Meshara.Lab.Drills.Hostile;

/// <summary>One attack in the report.</summary>
internal sealed record AttackReport
{
    /// <summary>Its name.</summary>
    public required string Attack { get; init; }

    /// <summary>How long it lasted.</summary>
    public required double Seconds { get; init; }

    /// <summary>Honest messages handed to a node during the attack.</summary>
    public required long Sent { get; init; }

    /// <summary>Those acknowledged by their recipient.</summary>
    public required long Acknowledged { get; init; }

    /// <summary>Share of the sent messages acknowledged within a second, 0 to 1; null if none was sent.</summary>
    public required double? WithinSecond { get; init; }

    /// <summary>Median time in milliseconds from acceptance to acknowledgment.</summary>
    public required double? P50Ms { get; init; }

    /// <summary>99th percentile of the same.</summary>
    public required double? P99Ms { get; init; }

    /// <summary>Peak memory of a node relative to its idle memory; the largest of all nodes.</summary>
    public required double MemoryRatio { get; init; }

    /// <summary>Peak memory of each node in MiB.</summary>
    public required IReadOnlyDictionary<string, double> MemoryMib { get; init; }

    /// <summary>Idle memory of each node in MiB, after some seconds of honest messages.</summary>
    public required IReadOnlyDictionary<string, double> IdleMemoryMib { get; init; }

    /// <summary>Connections that the nodes refused or closed because they had too many.</summary>
    public required long Refused { get; init; }

    /// <summary>Connections closed because the peer did not read.</summary>
    public required long SlowConsumers { get; init; }

    /// <summary>Connections closed because the peer broke the protocol; each bans its identity for a while.</summary>
    public required long Bans { get; init; }

    /// <summary>Counts of the attackers' actions, and of refused ones.</summary>
    public required IReadOnlyDictionary<string, long> Done { get; init; }

    /// <summary>Increase of all nodes' counters, by <c>counter.label</c>.</summary>
    public required IReadOnlyDictionary<string, long> Counted { get; init; }
}
