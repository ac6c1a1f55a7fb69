namespace Meshara.Harness.Traffic;

/// <summary>
/// Spreads messages evenly over time. The number due is computed from the start, not from the last tick, so late ticks are made up for
/// and the rate stays exact. At most one second's worth is made up for: a machine that was suspended must not send a flood when it wakes.
/// </summary>
internal sealed class Pacer
{
    // Shorter ticks cost CPU time without smoothing the traffic; above 200 messages a second, a tick yields several.
    private static readonly TimeSpan ShortestTick = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestTick = TimeSpan.FromMilliseconds(500);

    private readonly TimeProvider _time;
    private readonly double _perSecond;
    private readonly long _started;
    private readonly long _burst;
    private long _counted;

    /// <param name="perSecond">Above 0.</param>
    /// <param name="time">The clock.</param>
    public Pacer(double perSecond, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perSecond);
        ArgumentNullException.ThrowIfNull(time);
        _perSecond = perSecond;
        _time = time;
        _burst = Math.Max(1, (long)Math.Ceiling(perSecond));
        _started = time.GetTimestamp();
    }

    /// <summary>Returns how many messages became due since the last call.</summary>
    public long TakeDue()
    {
        var due = (long)(_time.GetElapsedTime(_started).TotalSeconds * _perSecond) - _counted;
        _counted += due;
        return Math.Min(due, _burst);
    }

    /// <summary>Yields an item whenever a message is due, until <paramref name="stop"/> is cancelled.</summary>
    public async IAsyncEnumerable<int> Beats(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var tick = TimeSpan.FromSeconds(1 / _perSecond);
        using var timer = new PeriodicTimer(tick < ShortestTick ? ShortestTick : tick > LongestTick ? LongestTick : tick, _time);
        for (var number = 0; await TickAsync(timer, stop);)
        {
            for (var due = TakeDue(); due > 0; due--)
                yield return number++;
        }
    }

    // Cancellation ends the enumeration normally; the consumer must not see an exception.
    private static async ValueTask<bool> TickAsync(PeriodicTimer timer, CancellationToken stop)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stop);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
