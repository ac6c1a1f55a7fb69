namespace Meshara.Lab.Drills.Hostile;

/// <summary>One attack in the report.</summary>
internal sealed record AttackReport
{
    /// <summary>Its name.</summary>
    public required string Attack { get; init; }

    /// <summary>How long it lasted.</summary>
    public required double Seconds { get; init; }

    /// <summary>Honest messages handed to a node meanwhile.</summary>
    public required long Sent { get; init; }

    /// <summary>Those that their recipient acknowledged.</summary>
    public required long Acknowledged { get; init; }

    /// <summary>Share of those sent that were acknowledged within a second, 0 to 1; null when none was sent.</summary>
    public required double? WithinSecond { get; init; }

    /// <summary>Median time in milliseconds from acceptance to acknowledgment.</summary>
    public required double? P50Ms { get; init; }

    /// <summary>99th percentile of the same.</summary>
    public required double? P99Ms { get; init; }

    /// <summary>The largest memory of a node meanwhile, as a multiple of what it held while it was idle.</summary>
    public required double MemoryRatio { get; init; }

    /// <summary>Memory of each node in MiB: at the most meanwhile.</summary>
    public required IReadOnlyDictionary<string, double> MemoryMib { get; init; }

    /// <summary>The same while it was idle, after some seconds of honest messages.</summary>
    public required IReadOnlyDictionary<string, double> IdleMemoryMib { get; init; }

    /// <summary>Connections that the nodes refused or closed for want of room.</summary>
    public required long Refused { get; init; }

    /// <summary>Connections closed because the peer took nothing.</summary>
    public required long SlowConsumers { get; init; }

    /// <summary>Connections closed because the peer broke the protocol; each keeps its identity out for a while.</summary>
    public required long Bans { get; init; }

    /// <summary>What the attackers did, and what of it was refused.</summary>
    public required IReadOnlyDictionary<string, long> Done { get; init; }

    /// <summary>What all nodes counted meanwhile, by <c>counter.label</c>.</summary>
    public required IReadOnlyDictionary<string, long> Counted { get; init; }
}
