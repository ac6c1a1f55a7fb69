using System.Diagnostics;

namespace Meshara.Lab.Load;

/// <summary>Sends at a pace for a while.</summary>
internal static class PacedLoad
{
    /// <summary>Calls <paramref name="send"/> from every caller of the pace until the duration is over and the last calls have ended.</summary>
    public static Task RunAsync(PairPace pace, TimeSpan duration, Func<Task> send)
    {
        var started = Stopwatch.GetTimestamp();
        return Task.WhenAll(Enumerable.Range(0, pace.Callers).Select(_ => pace.Interval is { } interval
            ? Task.Factory.StartNew(() => SendSlowly(interval), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            : Task.Run(SendManyAsync)));

        async Task SendManyAsync()
        {
            while (Stopwatch.GetElapsedTime(started) < duration)
                await send();
        }

        // On a sleeping thread: with a timer of two milliseconds, .NET's timer thread would spin most of the time on a processor
        // that the measured programs need.
        void SendSlowly(TimeSpan interval)
        {
            while (Stopwatch.GetElapsedTime(started) < duration)
            {
                Thread.Sleep(interval);
                send().GetAwaiter().GetResult();
            }
        }
    }
}
