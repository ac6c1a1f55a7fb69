using System.Diagnostics;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>This process's part of a trace that the sampler did not choose, while one of its spans is open. Its owner locks it.</summary>
/// <param name="first">The first span of it; the others began while it was open.</param>
/// <param name="startedAt">Monotonic time.</param>
internal sealed class HeldTrace(Activity first, long startedAt)
{
    public ActivityTraceId Id { get; } = first.TraceId;

    public Activity First => first;

    public long StartedAt => startedAt;

    /// <summary>Spans that have begun and not ended.</summary>
    public int Open { get; set; }

    /// <summary>Spans that have ended.</summary>
    public List<Activity> Ended { get; } = [];

    public HeldTraceState State { get; set; }
}

/// <summary>What is known of a <see cref="HeldTrace"/>.</summary>
internal enum HeldTraceState
{
    /// <summary>Nothing bad so far: its spans are held.</summary>
    Undecided,

    /// <summary>It is exported, and so is what still comes.</summary>
    Kept,

    /// <summary>There was no room for it.</summary>
    GivenUp,

    /// <summary>All its spans have ended.</summary>
    Over,
}
