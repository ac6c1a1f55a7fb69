namespace Meshara.Lab.Drills.Hostile;

/// <summary>What was seen while an attack lasted.</summary>
/// <param name="Attack">Its name.</param>
/// <param name="Began">When it began.</param>
/// <param name="Ended">When it ended.</param>
/// <param name="Peaks">The most memory of each node in bytes.</param>
/// <param name="Counted">What all nodes counted meanwhile.</param>
/// <param name="Done">What the attackers did.</param>
internal sealed record AttackWindow(
    string Attack, DateTimeOffset Began, DateTimeOffset Ended, IReadOnlyDictionary<string, long> Peaks, IReadOnlyDictionary<string, long> Counted,
    IReadOnlyDictionary<string, long> Done);
