namespace Meshara.Node.Delivery;

/// <summary>Calls back with each item when it is due, with one timer for any number of items.</summary>
internal sealed class DueTimes<T> : IDisposable
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<T, long> _items = new();
    private readonly TimeProvider _time;
    private readonly Action<T> _onDue;
    private readonly ITimer _timer;
    private long _armed = long.MaxValue;
    private bool _disposed;

    public DueTimes(TimeProvider time, Action<T> onDue)
    {
        _time = time;
        _onDue = onDue;
        _timer = time.CreateTimer(static state => ((DueTimes<T>)state!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Add(T item, TimeSpan wait)
    {
        lock (_gate)
        {
            var due = _time.GetTimestamp() + (long)(wait.TotalSeconds * _time.TimestampFrequency);
            _items.Enqueue(item, due);
            if (due < _armed)
                Arm(due, wait);
        }
    }

    public void Dispose()
    {
        lock (_gate)
            _disposed = true;
        _timer.Dispose();
    }

    private void Fire()
    {
        var due = new List<T>();
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            while (_items.TryPeek(out var item, out var at) && at <= now)
            {
                _items.Dequeue();
                due.Add(item);
            }
            _armed = long.MaxValue;
            if (_items.TryPeek(out _, out var next))
                Arm(next, _time.GetElapsedTime(now, next));
        }
        foreach (var item in due)
            _onDue(item);
    }

    private void Arm(long due, TimeSpan wait)
    {
        if (_disposed)
            return;
        _armed = due;
        // A timer has a resolution of a millisecond; firing a little late is better than firing twice.
        _timer.Change(wait + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }
}
