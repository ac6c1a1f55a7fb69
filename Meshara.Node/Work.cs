namespace Meshara.Node;

/// <summary>Starts work that its caller does not wait for.</summary>
internal static class Work
{
    /// <summary>
    /// For a task that somebody completes who must not run what waits for it: that continues on the thread pool, or in the
    /// synchronization context if there is one.
    /// </summary>
    public static TaskCreationOptions Asynchronously =>
        SynchronizationContext.Current is null ? TaskCreationOptions.RunContinuationsAsynchronously : TaskCreationOptions.None;

    /// <summary>
    /// Queues an action to the caller's synchronization context, or to the thread pool if there is none. A node has none; the
    /// simulator gives each of its nodes one, so that everything runs on one thread and in a repeatable order.
    /// </summary>
    /// <param name="action">Must not throw.</param>
    /// <param name="state">Its argument.</param>
    /// <param name="preferLocal">True to run it on this thread if it becomes free first.</param>
    public static void Queue<T>(Action<T> action, T state, bool preferLocal)
    {
        if (SynchronizationContext.Current is { } context)
            context.Post(static work => ((Action)work!)(), () => action(state));
        else
            ThreadPool.UnsafeQueueUserWorkItem(action, state, preferLocal);
    }

    /// <summary>
    /// Cancels for a caller that holds a lock: on the thread pool, what waits for the token does not continue on this thread.
    /// </summary>
    public static void Cancel(CancellationTokenSource source)
    {
        if (SynchronizationContext.Current is null)
            _ = source.CancelAsync();
        else
            source.Cancel();
    }
}
