namespace Meshara.Node.Storage;

/// <summary>Wakes everyone who waits for the next arrival.</summary>
internal sealed class ArrivalSignal
{
    private TaskCompletionSource _next = new(Work.Asynchronously);
    private volatile bool _awaited;

    /// <summary>Completes at the next <see cref="Set"/>.</summary>
    public Task Next
    {
        get
        {
            var next = Volatile.Read(ref _next);
            _awaited = true;
            return next.Task;
        }
    }

    /// <summary>Wakes the waiters, if any; an arrival that nobody waits for costs nothing.</summary>
    public void Set()
    {
        if (!_awaited)
            return;
        _awaited = false;
        Interlocked.Exchange(ref _next, new TaskCompletionSource(Work.Asynchronously)).TrySetResult();
    }
}
