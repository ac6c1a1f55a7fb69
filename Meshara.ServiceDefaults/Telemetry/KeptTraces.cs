using System.Collections.Concurrent;
using System.Diagnostics;
using OpenTelemetry;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// Tail-based sampling for traces that the head sampler did not choose. Their spans are created but not marked as recorded,
/// so that no exporter takes them, and are held. Once a span fails or the trace takes too long, the spans that have ended are
/// marked and passed to the exporters, and later ones are marked as they end. If the last span ends without that, all are
/// dropped. A trace older than <see cref="TraceKeepingOptions.SlowerThan"/> counts as slow, so none stays undecided for long.
/// </summary>
/// <remarks>It must precede the exporters in the pipeline, and each exporter must also be passed to <see cref="Feed"/>.</remarks>
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
    /// <param name="time">The clock that measures how long a trace takes.</param>
    public KeptTraces(TraceKeepingOptions options, IEnumerable<string> sources, TimeProvider time)
    {
        (_options, _time, _maxSpans) = (options, time, Math.Max(1, options.MaxHeldBytes / BytesPerSpan));
        var names = sources.ToHashSet(StringComparer.Ordinal);
        // The tracer provider's listener creates nothing for traces that the sampler drops; the listener that asks for most wins.
        _listener = new ActivityListener
        {
            ShouldListenTo = source => names.Contains(source.Name),
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>False while the limit of held spans is reached; no trace should then be begun just to be held.</summary>
    public bool HasRoom => Interlocked.Read(ref _spans) < _maxSpans;

    /// <summary>Number of spans held or open.</summary>
    internal long Spans => Interlocked.Read(ref _spans);

    /// <summary>True if spans of the trace are held or kept.</summary>
    public bool Holds(ActivityTraceId trace) => _traces.ContainsKey(trace);

    /// <summary>Adds an exporter that also gets the spans of traces kept late.</summary>
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

    /// <summary>
    /// Exports the spans that have ended and those that end later, unless too many traces were kept in this second. The
    /// caller holds the lock.
    /// </summary>
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
        // From now on, measurements within the trace get an exemplar that refers to it.
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

    /// <summary>
    /// Goes through the oldest traces: keeps those that have become slow, and gives up those there is no room for.
    /// </summary>
    private void Sweep()
    {
        if (!_sweeping.TryEnter())
            return; // another thread is sweeping
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
