using System.Diagnostics;

namespace Meshara.Node.Telemetry;

/// <summary>
/// Spans. A trace is decided upon once on each node, where this node's part of it begins; whatever follows looks at that decision.
/// A message that is neither recorded nor held costs one question to the sampler and its context on the wire, and no <see cref="Activity"/>.
/// </summary>
internal sealed partial class MeshTelemetry
{
    /// <summary>Begins a trace, or this node's part of one.</summary>
    /// <param name="name">One of <see cref="SpanNames"/>.</param>
    /// <param name="kind">Kind of the span.</param>
    /// <param name="parent">The caller's or the peer's span; <c>default</c> begins a trace.</param>
    /// <param name="trace">What everything that follows belongs to, on other nodes too, whether it is recorded or not.</param>
    /// <returns>Null when it is neither recorded nor held.</returns>
    public Activity? Begin(string name, ActivityKind kind, ActivityContext parent, out ActivityContext trace)
    {
        trace = parent;
        if (!Source.HasListeners())
            return null;
        var begins = parent == default;
        var id = begins ? ActivityTraceId.CreateRandom() : parent.TraceId;
        var isRecorded = _sampling?.Records(name, kind, parent, id) != false;
        if (!isRecorded && !_sampling!.HoldsMore)
        {
            trace = new ActivityContext(id, begins ? ActivitySpanId.CreateRandom() : parent.SpanId, ActivityTraceFlags.None);
            return null;
        }
        // A context without a span is no parent, but it names the trace that was decided upon, and the decision.
        var flags = isRecorded ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None;
        if (begins || !isRecorded)
            parent = new ActivityContext(id, parent.SpanId, flags, parent.TraceState, parent.IsRemote);
        var span = Source.StartActivity(name, kind, parent);
        trace = span?.Context ?? parent;
        return span;
    }

    /// <summary>A span within this node's part of a trace.</summary>
    /// <param name="name">One of <see cref="SpanNames"/>.</param>
    /// <param name="kind">Kind of the span.</param>
    /// <param name="trace">What <see cref="Begin"/> gave.</param>
    /// <param name="links">Spans that have to do with it and are not its parent.</param>
    /// <param name="startedAt">When it began; now if left out.</param>
    /// <returns>Null when the trace is neither recorded nor held.</returns>
    public Activity? Continue(
        string name, ActivityKind kind, ActivityContext trace, IEnumerable<ActivityLink>? links = null, DateTimeOffset startedAt = default) =>
        IsObserved(trace) ? Source.StartActivity(name, kind, trace, tags: null, links, startedAt) : null;

    /// <summary>True when spans of the trace are recorded here.</summary>
    public bool IsRecorded(ActivityContext trace) => (trace.TraceFlags & ActivityTraceFlags.Recorded) != 0 && Source.HasListeners();

    /// <summary>True when spans of the trace are made here: they are recorded, or held for the case that the trace ends badly.</summary>
    public bool IsObserved(ActivityContext trace) => IsRecorded(trace) || _sampling?.Holds(trace.TraceId) == true;

    /// <summary>The level of a message's milestones in the log, which are sampled with its trace.</summary>
    public LogLevel LevelOf(ActivityContext trace) => IsRecorded(trace) ? LogLevel.Information : LogLevel.Debug;
}
