using System.Diagnostics;
using OpenTelemetry;

namespace Meshara.ServiceDefaults.Diagnostics;

/// <summary>
/// The latest traces, the latest slow ones and the latest failed ones of this process, as OpenTelemetry's zPages show them.
/// Limited in number and in bytes; a trace that leaves the recent ones stays while it is among the slow or failed ones. Holds
/// sampled spans only.
/// </summary>
public sealed class RecentTraces : BaseProcessor<Activity>
{
    private readonly DiagnosticsOptions _options;
    private readonly Lock _gate = new();
    private readonly Dictionary<ActivityTraceId, Entry> _entries = [];
    private readonly Queue<Entry>[] _rings = [new(), new(), new()];
    private long _bytes;

    internal RecentTraces(DiagnosticsOptions options) => _options = options;

    /// <summary>The latest traces of a kind, newest first.</summary>
    public IReadOnlyList<RecordedTrace> Latest(TraceKind kind, int limit)
    {
        lock (_gate)
            return [.. _rings[(int)kind].Reverse().Take(limit).Select(entry => entry.Record())];
    }

    /// <summary>The traces of any kind that contain a matching span, newest first.</summary>
    public IReadOnlyList<RecordedTrace> Find(Func<string, RecordedSpan, bool> fits, int limit)
    {
        ArgumentNullException.ThrowIfNull(fits);
        List<RecordedTrace> all;
        lock (_gate)
            all = [.. _entries.Values.Select(entry => entry.Record())];
        return [.. all.Where(trace => trace.Spans.Any(span => fits(trace.TraceId, span))).OrderByDescending(trace => trace.Spans[0].StartedAt).Take(limit)];
    }

    /// <summary>Estimated size of the kept traces, in bytes.</summary>
    internal long Bytes
    {
        get
        {
            lock (_gate)
                return _bytes;
        }
    }

    /// <inheritdoc/>
    public override void OnEnd(Activity data)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (!data.Recorded)
            return;
        var span = RecordedSpan.Of(data);
        lock (_gate)
        {
            if (!_entries.TryGetValue(data.TraceId, out var entry))
            {
                _entries[data.TraceId] = entry = new Entry(data.TraceId);
                Enter(TraceKind.Recent, entry);
            }
            if (!entry.IsSlow && span.Duration >= _options.SlowerThan)
            {
                entry.IsSlow = true;
                Enter(TraceKind.Slow, entry);
            }
            if (!entry.HasFailed && span.Status == ActivityStatusCode.Error)
            {
                entry.HasFailed = true;
                Enter(TraceKind.Failed, entry);
            }
            _bytes += entry.Add(span, _options.MaxSpansPerTrace);
            while (_bytes > _options.MaxTraceBytes && _entries.Count > 0)
                Leave(Array.Find(_rings, ring => ring.Count > 0)!);
        }
    }

    private void Enter(TraceKind kind, Entry entry)
    {
        var ring = _rings[(int)kind];
        ring.Enqueue(entry);
        entry.Rings++;
        if (ring.Count > _options.MaxTraces)
            Leave(ring);
    }

    private void Leave(Queue<Entry> ring)
    {
        var entry = ring.Dequeue();
        if (--entry.Rings > 0)
            return;
        _entries.Remove(entry.Id);
        _bytes -= entry.Bytes;
    }

    private sealed class Entry(ActivityTraceId id)
    {
        private readonly List<RecordedSpan> _spans = [];
        private int _dropped;

        public ActivityTraceId Id => id;

        /// <summary>Number of rings that hold the trace; once none does, it is dropped.</summary>
        public int Rings { get; set; }

        public bool IsSlow { get; set; }

        public bool HasFailed { get; set; }

        public long Bytes { get; private set; }

        /// <summary>Adds a span and returns its size in bytes; 0 if it exceeds the limit and is only counted.</summary>
        public long Add(RecordedSpan span, int limit)
        {
            if (_spans.Count >= limit)
            {
                _dropped++;
                return 0;
            }
            _spans.Add(span);
            Bytes += span.Bytes;
            return span.Bytes;
        }

        public RecordedTrace Record() => new(id.ToHexString(), IsSlow, HasFailed, [.. _spans.OrderBy(span => span.StartedAt)], _dropped);
    }
}
