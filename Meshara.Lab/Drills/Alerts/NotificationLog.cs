namespace Meshara.Lab.Drills.Alerts;

/// <summary>All notifications the receivers got, in order of arrival. Thread-safe.</summary>
internal sealed class NotificationLog
{
    private readonly Lock _gate = new();
    private readonly List<Notification> _all = [];
    private TaskCompletionSource _more = NewSignal();

    /// <summary>A snapshot of the log.</summary>
    public IReadOnlyList<Notification> All
    {
        get
        {
            lock (_gate)
                return [.. _all];
        }
    }

    /// <summary>Adds a notification.</summary>
    public void Add(Notification notification)
    {
        TaskCompletionSource more;
        lock (_gate)
        {
            _all.Add(notification);
            (more, _more) = (_more, NewSignal());
        }

        more.SetResult();
    }

    /// <summary>Waits for a matching notification; null if none came in time.</summary>
    public async Task<Notification?> FindAsync(Func<Notification, bool> isMeant, TimeSpan deadline, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(deadline);
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (_all.Find(notification => isMeant(notification)) is { } found)
                    return found;
                more = _more.Task;
            }

            await more.WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.ThrowIfCancellationRequested();
            if (limit.IsCancellationRequested)
                return null;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
