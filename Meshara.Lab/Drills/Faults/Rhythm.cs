namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// How long things last in a drill, scaled to its duration. In a one-minute drill, the mesh has 10 s between two faults to recover.
/// </summary>
internal static class Rhythm
{
    /// <summary>A tenth of the drill, 1 to 5 seconds: long enough for a node to notice, short enough for several rounds.</summary>
    public static TimeSpan Beat(DrillOptions options) => TimeSpan.FromSeconds(Math.Clamp(options.For.TotalSeconds / 10, 1, 5));
}
