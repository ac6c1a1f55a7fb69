using System.Collections.Concurrent;
using System.Diagnostics;

namespace Meshara.Tests.Mesh;

/// <summary>All finished spans of one activity source, every one recorded.</summary>
internal sealed class SpanLog : IDisposable
{
    private readonly ConcurrentQueue<Activity> _finished = new();
    private readonly ActivityListener _listener;

    public SpanLog(ActivitySource source)
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = other => ReferenceEquals(other, source),
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _finished.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public IReadOnlyList<Activity> All => [.. _finished];

    public IReadOnlyList<Activity> Named(string name) => [.. _finished.Where(span => span.OperationName == name)];

    /// <summary>The finished spans of one trace.</summary>
    public IReadOnlyList<Activity> OfTrace(ActivityTraceId trace) => [.. _finished.Where(span => span.TraceId == trace)];

    public void Dispose() => _listener.Dispose();
}
