
using Meshara.Harness;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>Polls for conditions in other processes, which send no signal.</summary>
internal static class Eventually
{
    /// <summary>The default deadline; generous, because a machine may be busy with other things.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Waits until a condition is true. A server that does not answer counts as false.</summary>
    /// <exception cref="StackException">The condition was not true in time.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeProvider time, CancellationToken stop, TimeSpan? deadline = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var limit = deadline ?? Deadline;
        var started = time.GetTimestamp();
        using var timer = new PeriodicTimer(Interval, time);
        while (true)
        {
            string? why = null;
            try
            {
                if (await condition())
                    return;
            }
            catch (Exception exception) when (exception is HttpRequestException || (exception is TaskCanceledException && !stop.IsCancellationRequested))
            {
                why = $" ({exception.Message})";
            }

            if (time.GetElapsedTime(started) > limit)
                throw new StackException($"not within {limit.TotalSeconds:0} s: {what}{why}");
            await timer.WaitForNextTickAsync(stop);
        }
    }
}
