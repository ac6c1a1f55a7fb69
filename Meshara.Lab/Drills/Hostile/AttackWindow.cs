namespace Meshara.Lab.Drills.Hostile;

/// <summary>Measurements of one attack.</summary>
/// <param name="Attack">Its name.</param>
/// <param name="Began">When it began.</param>
/// <param name="Ended">When it ended.</param>
/// <param name="Peaks">Peak memory of each node in bytes.</param>
/// <param name="Counted">Increase of all nodes' counters.</param>
/// <param name="Done">Counts of the attackers' actions.</param>
internal sealed record AttackWindow(
    string Attack, DateTimeOffset Began, DateTimeOffset Ended, IReadOnlyDictionary<string, long> Peaks, IReadOnlyDictionary<string, long> Counted,
    IReadOnlyDictionary<string, long> Done);
