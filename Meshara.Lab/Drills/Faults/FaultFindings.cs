using Meshara.Lab.Drills.Hostile;
using Meshara.Lab.Drills.Wan;

namespace Meshara.Lab.Drills.Faults;

/// <summary>What a fault adds to the report of its drill; null where it adds nothing.</summary>
internal sealed record FaultFindings
{
    /// <summary>Observations of each attack.</summary>
    public IReadOnlyList<AttackReport>? Attacks { get; init; }

    /// <summary>Measurements of the network it created.</summary>
    public WanReport? Network { get; init; }
}
