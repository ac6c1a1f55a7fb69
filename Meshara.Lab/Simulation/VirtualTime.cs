namespace Meshara.Lab.Simulation;

/// <summary>
/// The clock and the only thread of a simulation. Time stands still while something is to be done, and then jumps to the next
/// event, so that the same program always takes the same course.
/// </summary>
internal sealed class VirtualTime
{
    /// <summary>When every simulation begins.</summary>
    public static readonly DateTimeOffset Beginning = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<Event, Due> _events = new();
    private readonly Queue<Work> _ready = new();
    private int _thread;
    private long _now;
    private long _last;

    /// <summary>How long the simulation has run, in its own time.</summary>
    public TimeSpan Now => TimeSpan.FromTicks(_now);

    /// <summary>Things done so far.</summary>
    public long Steps { get; private set; }

    /// <summary>Does something on behalf of a node as soon as everything before it is done.</summary>
    public void Post(NodeContext node, SendOrPostCallback action, object? state)
    {
        RefuseOtherThreads();
        _ready.Enqueue(new Work(node, action, state));
    }

    /// <summary>Does something on behalf of a node after a while.</summary>
    public void After(TimeSpan wait, NodeContext node, SendOrPostCallback action, object? state) => Add(_now + wait.Ticks, new Event(node, action, state, null, 0));

    /// <summary>Does something on behalf of a node at a time, given as <see cref="Now"/>.</summary>
    public void At(TimeSpan time, NodeContext node, SendOrPostCallback action, object? state) => Add(Math.Max(_now, time.Ticks), new Event(node, action, state, null, 0));

    /// <summary>A timer of a node's clock.</summary>
    public ITimer CreateTimer(NodeContext node, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(this, node, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Runs until <paramref name="end"/>, or until <paramref name="isDone"/> after a second of virtual time.</summary>
    /// <returns>True if done.</returns>
    public bool Run(TimeSpan end, CancellationToken stop, Func<bool>? isDone = null)
    {
        var previous = SynchronizationContext.Current;
        _thread = Environment.CurrentManagedThreadId;
        try
        {
            var check = _now + TimeSpan.TicksPerSecond;
            while (true)
            {
                Drain(stop);
                if (isDone is not null && _now >= check)
                {
                    if (isDone())
                        return true;
                    check = _now + TimeSpan.TicksPerSecond;
                }
                if (!_events.TryPeek(out _, out var due) || due.At > end.Ticks)
                    break;
                _now = due.At;
                Do(_events.Dequeue());
            }
            _now = Math.Max(_now, end.Ticks);
            return isDone?.Invoke() ?? true;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(previous);
        }
    }

    private void Drain(CancellationToken stop)
    {
        while (_ready.TryDequeue(out var work))
        {
            Steps++;
            if ((Steps & 0xFFFF) == 0)
                stop.ThrowIfCancellationRequested();
            if (work.Node.IsGone)
                continue;
            SynchronizationContext.SetSynchronizationContext(work.Node);
            work.Action(work.State);
        }
    }

    private void Do(Event due)
    {
        if (due.Node.IsGone)
            return;
        Steps++;
        SynchronizationContext.SetSynchronizationContext(due.Node);
        if (due.Timer is { } timer)
            timer.Fire(due.Generation);
        else
            due.Action!(due.State);
    }

    private void Add(long at, Event happening)
    {
        RefuseOtherThreads();
        _events.Enqueue(happening, new Due(at, ++_last));
    }

    /// <summary>Something left the simulation's thread, so the run could not be repeated.</summary>
    private void RefuseOtherThreads()
    {
        if (_thread != 0 && Environment.CurrentManagedThreadId != _thread)
            throw new InvalidOperationException($"A simulated node left the simulation's thread.{Environment.NewLine}{Environment.StackTrace}");
    }

    private readonly record struct Work(NodeContext Node, SendOrPostCallback Action, object? State);

    private readonly record struct Event(NodeContext Node, SendOrPostCallback? Action, object? State, VirtualTimer? Timer, int Generation);

    /// <summary>Events at the same time happen in the order in which they were planned.</summary>
    private readonly record struct Due(long At, long Number) : IComparable<Due>
    {
        public int CompareTo(Due other) => At != other.At ? At.CompareTo(other.At) : Number.CompareTo(other.Number);
    }

    private sealed class VirtualTimer(VirtualTime time, NodeContext node, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;
        private int _generation;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _generation++;
            _period = period;
            if (dueTime != Timeout.InfiniteTimeSpan)
                time.Add(time._now + dueTime.Ticks, new Event(node, null, null, this, _generation));
            return true;
        }

        public void Fire(int generation)
        {
            if (generation != _generation)
                return; // changed or disposed since
            if (_period > TimeSpan.Zero)
                time.Add(time._now + _period.Ticks, new Event(node, null, null, this, _generation));
            callback(state);
        }

        public void Dispose() => _generation++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
