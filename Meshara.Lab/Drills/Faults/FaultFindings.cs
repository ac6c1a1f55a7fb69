using Meshara.Lab.Drills.Hostile;
using Meshara.Lab.Drills.Wan;

namespace Meshara.Lab.Drills.Faults;

/// <summary>What a fault adds to the report of its drill; null for what it has nothing to say about.</summary>
internal sealed record FaultFindings
{
    /// <summary>What it saw of each attack.</summary>
    public IReadOnlyList<AttackReport>? Attacks { get; init; }

    /// <summary>What it saw of the network that it made.</summary>
    public WanReport? Network { get; init; }
}
