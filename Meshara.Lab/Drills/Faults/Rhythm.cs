namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// How long things last in a drill: a minute's drill has its few seconds, a short one has less. In a minute the mesh is
/// left alone for 10 s between two faults, the time it has to recover in.
/// </summary>
internal static class Rhythm
{
    /// <summary>A tenth of the drill, 1 to 5 seconds: long enough for a node to notice, short enough for several rounds.</summary>
    public static TimeSpan Beat(DrillOptions options) => TimeSpan.FromSeconds(Math.Clamp(options.For.TotalSeconds / 10, 1, 5));
}
