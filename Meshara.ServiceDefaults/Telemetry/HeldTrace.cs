using System.Diagnostics;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// This process's part of a trace that the sampler did not choose, while any of its spans is open. Its owner locks it.
/// </summary>
/// <param name="first">Its first span.</param>
/// <param name="startedAt">Monotonic timestamp of its start.</param>
internal sealed class HeldTrace(Activity first, long startedAt)
{
    public ActivityTraceId Id { get; } = first.TraceId;

    public Activity First => first;

    public long StartedAt => startedAt;

    /// <summary>Number of spans that have begun but not ended.</summary>
    public int Open { get; set; }

    /// <summary>Spans that have ended.</summary>
    public List<Activity> Ended { get; } = [];

    public HeldTraceState State { get; set; }
}

/// <summary>What was decided about a <see cref="HeldTrace"/>.</summary>
internal enum HeldTraceState
{
    /// <summary>No span has failed or been slow so far; its spans are held.</summary>
    Undecided,

    /// <summary>It is exported, including the spans that end later.</summary>
    Kept,

    /// <summary>It is not exported: there was no room for it, or too many traces were kept in that second.</summary>
    GivenUp,

    /// <summary>All its spans have ended.</summary>
    Over,
}
