using System.Collections.Concurrent;
using System.Diagnostics;
using OpenTelemetry;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// A decision at the tail, for traces that the sampler did not choose at the head. Their spans are made but not marked as recorded, so that
/// no exporter takes them, and are held. When one of them fails, or the trace takes too long, those that have ended are marked and handed
/// to the exporters, and what still comes is marked as it ends. When the last span ends without that, all are forgotten. What is older than
/// <see cref="TraceKeepingOptions.SlowerThan"/> is slow, so that nothing is undecided for long.
/// </summary>
/// <remarks>It has to come before the exporters in the pipeline, which also have to be given to <see cref="Feed"/>.</remarks>
internal sealed class KeptTraces : BaseProcessor<Activity>
{
    private const int BytesPerSpan = 1024;

    private readonly TraceKeepingOptions _options;
    private readonly TimeProvider _time;
    private readonly ActivityListener _listener;
    private readonly List<BaseProcessor<Activity>> _exporters = [];
    private readonly ConcurrentDictionary<ActivityTraceId, HeldTrace> _traces = new();
    private readonly ConcurrentQueue<HeldTrace> _byAge = new();
    private readonly Lock _sweeping = new();
    private readonly Lock _budget = new();
    private readonly long _maxSpans;
    private long _spans;
    private long _second;
    private int _keptInSecond;

    /// <param name="options">Limits.</param>
    /// <param name="sources">Names of the activity sources whose traces are held.</param>
    /// <param name="time">Tells how long a trace takes.</param>
    public KeptTraces(TraceKeepingOptions options, IEnumerable<string> sources, TimeProvider time)
    {
        (_options, _time, _maxSpans) = (options, time, Math.Max(1, options.MaxHeldBytes / BytesPerSpan));
        var names = sources.ToHashSet(StringComparer.Ordinal);
        // The tracer provider's listener makes nothing of what the sampler drops; whoever wants most decides.
        _listener = new ActivityListener
        {
            ShouldListenTo = source => names.Contains(source.Name),
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>False while as much is held as may be: then no trace should be begun only to be held.</summary>
    public bool HasRoom => Interlocked.Read(ref _spans) < _maxSpans;

    /// <summary>What is held or open at this moment.</summary>
    internal long Spans => Interlocked.Read(ref _spans);

    /// <summary>True when spans that belong to the trace are held or kept.</summary>
    public bool Holds(ActivityTraceId trace) => _traces.ContainsKey(trace);

    /// <summary>Spans of a trace that is kept late go to this one, too.</summary>
    public T Feed<T>(T exporter)
        where T : BaseProcessor<Activity>
    {
        _exporters.Add(exporter);
        return exporter;
    }

    /// <inheritdoc/>
    public override void OnStart(Activity data)
    {
        ArgumentNullException.ThrowIfNull(data);
        while (true)
        {
            if (!_traces.TryGetValue(data.TraceId, out var trace))
            {
                if (data.Recorded)
                    return; // chosen at the head
                trace = Add(data);
            }
            lock (trace)
            {
                if (trace.State == HeldTraceState.Over)
                    continue; // it is being removed
                trace.Open++;
                Interlocked.Increment(ref _spans);
                if (IsSlow(trace))
                    Keep(trace);
                return;
            }
        }
    }

    /// <inheritdoc/>
    public override void OnEnd(Activity data)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (!_traces.TryGetValue(data.TraceId, out var trace))
            return;
        lock (trace)
        {
            if (trace.State == HeldTraceState.Over)
                return;
            if (data.Status == ActivityStatusCode.Error || IsSlow(trace))
                Keep(trace);
            if (trace.State == HeldTraceState.Undecided)
                trace.Ended.Add(data);
            else
                Interlocked.Decrement(ref _spans);
            if (trace.State == HeldTraceState.Kept)
                Mark(data); // the exporters come next
            if (--trace.Open == 0)
                Remove(trace);
        }
        if (!HasRoom)
            Sweep();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _listener.Dispose();
        base.Dispose(disposing);
    }

    private HeldTrace Add(Activity first)
    {
        var trace = new HeldTrace(first, _time.GetTimestamp());
        var added = _traces.GetOrAdd(first.TraceId, trace);
        if (added == trace)
        {
            _byAge.Enqueue(trace);
            Sweep();
        }
        return added;
    }

    private bool IsSlow(HeldTrace trace) => _time.GetElapsedTime(trace.StartedAt) >= _options.SlowerThan;

    /// <summary>Exports what has ended, and what still comes, unless too much is kept already. The caller holds the lock.</summary>
    private void Keep(HeldTrace trace)
    {
        if (trace.State != HeldTraceState.Undecided)
            return;
        if (!TakeBudget())
        {
            GiveUp(trace);
            return;
        }
        trace.State = HeldTraceState.Kept;
        // What is measured within it from now on has an exemplar that leads to it.
        Mark(trace.First);
        foreach (var span in trace.Ended)
        {
            Mark(span);
            foreach (var exporter in _exporters)
                exporter.OnEnd(span);
        }
        Forget(trace);
    }

    private void GiveUp(HeldTrace trace)
    {
        trace.State = HeldTraceState.GivenUp;
        Forget(trace);
    }

    private void Remove(HeldTrace trace)
    {
        trace.State = HeldTraceState.Over;
        Forget(trace);
        _traces.TryRemove(KeyValuePair.Create(trace.Id, trace));
    }

    private void Forget(HeldTrace trace)
    {
        Interlocked.Add(ref _spans, -trace.Ended.Count);
        trace.Ended.Clear();
    }

    private static void Mark(Activity span) => span.ActivityTraceFlags |= ActivityTraceFlags.Recorded;

    private bool TakeBudget()
    {
        lock (_budget)
        {
            var now = _time.GetTimestamp();
            if (_time.GetElapsedTime(_second, now) >= TimeSpan.FromSeconds(1))
                (_second, _keptInSecond) = (now, 0);
            return _keptInSecond++ < _options.MaxKeptPerSecond;
        }
    }

    /// <summary>Takes away the oldest: what is over, what has become slow, and what there is no room for.</summary>
    private void Sweep()
    {
        if (!_sweeping.TryEnter())
            return; // somebody else is at it
        try
        {
            while (_byAge.TryPeek(out var oldest))
            {
                lock (oldest)
                {
                    if (oldest.State == HeldTraceState.Undecided && IsSlow(oldest))
                        Keep(oldest);
                    else if (oldest.State == HeldTraceState.Undecided && HasRoom)
                        return;
                    else if (oldest.State == HeldTraceState.Undecided)
                        GiveUp(oldest);
                }
                _byAge.TryDequeue(out _);
            }
        }
        finally
        {
            _sweeping.Exit();
        }
    }
}
