namespace Meshara.Harness.Traffic;

/// <summary>
/// Spreads a rate over time: how many messages are due is counted from the start, not from the last tick, so a late tick
/// is made up for and the rate stays exact. What lies more than a second behind is forgiven: a machine that slept must
/// not wake up to a flood.
/// </summary>
internal sealed class Pacer
{
    // Finer ticks cost more processor time than they smooth anything; above 200/s a tick is worth several messages.
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

    /// <summary>How many messages are due since the last call.</summary>
    public long TakeDue()
    {
        var due = (long)(_time.GetElapsedTime(_started).TotalSeconds * _perSecond) - _counted;
        _counted += due;
        return Math.Min(due, _burst);
    }

    /// <summary>One item a message, when it is due, until <paramref name="stop"/>.</summary>
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

    // The end of the traffic is not an error of whoever enumerates it.
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
