using System.Diagnostics;

namespace Meshara.Tests.Mesh;

/// <summary>Waits for conditions that depend on other threads and sockets.</summary>
internal static class Eventually
{
    /// <summary>Generous, because the machine may be busy: only a test that fails ever waits this long.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(40);

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(() => ValueTask.FromResult(condition()), what);

    public static async Task TrueAsync(Func<ValueTask<bool>> condition, string what)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > Deadline)
                Assert.Fail($"Waited {Deadline.TotalSeconds:0} s in vain: {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TestContext.Current.CancellationToken);
        }
    }

    /// <summary>
    /// Waits until a value is as expected. For counters: a message appears in an inbox, or a connection leaves a list, a moment
    /// before it is counted.
    /// </summary>
    public static async Task EqualAsync<T>(T expected, Func<T> actual)
    {
        var started = Stopwatch.GetTimestamp();
        while (!EqualityComparer<T>.Default.Equals(expected, actual()) && Stopwatch.GetElapsedTime(started) < Deadline)
            await Task.Delay(TimeSpan.FromMilliseconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(expected, actual());
    }

    /// <summary>The task's result, or a failure at the deadline.</summary>
    public static Task<T> InTimeAsync<T>(Task<T> task) => task.WaitAsync(Deadline, TestContext.Current.CancellationToken);

    public static Task InTimeAsync(Task task) => task.WaitAsync(Deadline, TestContext.Current.CancellationToken);
}
