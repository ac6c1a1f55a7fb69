using System.Diagnostics;

namespace Meshara.Node.Telemetry;

/// <summary>
/// Spans. Each node decides once about a trace, where its own part of the trace begins; everything after that follows the
/// decision. A message that is neither recorded nor held costs one call of the sampler and its context on the wire, but no
/// <see cref="Activity"/>.
/// </summary>
internal sealed partial class MeshTelemetry
{
    /// <summary>Begins a trace, or this node's part of one.</summary>
    /// <param name="name">One of <see cref="SpanNames"/>.</param>
    /// <param name="kind">Kind of the span.</param>
    /// <param name="parent">The caller's or the peer's span; <c>default</c> begins a trace.</param>
    /// <param name="trace">The context for everything that follows, on other nodes too, recorded or not.</param>
    /// <returns>Null if the trace is neither recorded nor held.</returns>
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
        // A context without a span is no parent, but it carries the trace id that was decided on, and the decision.
        var flags = isRecorded ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None;
        if (begins || !isRecorded)
            parent = new ActivityContext(id, parent.SpanId, flags, parent.TraceState, parent.IsRemote);
        var span = Source.StartActivity(name, kind, parent);
        trace = span?.Context ?? parent;
        return span;
    }

    /// <summary>Begins a span within this node's part of a trace.</summary>
    /// <param name="name">One of <see cref="SpanNames"/>.</param>
    /// <param name="kind">Kind of the span.</param>
    /// <param name="trace">The context from <see cref="Begin"/>.</param>
    /// <param name="links">Related spans that are not its parent.</param>
    /// <param name="startedAt">Its start; now if omitted.</param>
    /// <returns>Null if the trace is neither recorded nor held.</returns>
    public Activity? Continue(
        string name, ActivityKind kind, ActivityContext trace, IEnumerable<ActivityLink>? links = null, DateTimeOffset startedAt = default) =>
        IsObserved(trace) ? Source.StartActivity(name, kind, trace, tags: null, links, startedAt) : null;

    /// <summary>True if spans of the trace are recorded here.</summary>
    public bool IsRecorded(ActivityContext trace) => (trace.TraceFlags & ActivityTraceFlags.Recorded) != 0 && Source.HasListeners();

    /// <summary>True if spans of the trace are created here: recorded, or held in case the trace fails or is slow.</summary>
    public bool IsObserved(ActivityContext trace) => IsRecorded(trace) || _sampling?.Holds(trace.TraceId) == true;

    /// <summary>The log level of a message's milestones: Information if its trace is recorded, otherwise Debug.</summary>
    public LogLevel LevelOf(ActivityContext trace) => IsRecorded(trace) ? LogLevel.Information : LogLevel.Debug;
}
