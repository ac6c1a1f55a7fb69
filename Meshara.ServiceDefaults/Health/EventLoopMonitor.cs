using Microsoft.Extensions.Hosting;

namespace Meshara.ServiceDefaults.Health;

/// <summary>
/// Measures whether the thread pool makes progress. Every second a timer queues a callback to the pool; everything else in the
/// process waits as long as that callback does.
/// </summary>
internal sealed class EventLoopMonitor(TimeProvider time) : IHostedService, IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private ITimer? _timer;
    private long _scheduledAt;
    private TimeSpan _lastDelay;

    /// <summary>How late work runs: the delay of the last callback, or of the one still waiting if that is longer.</summary>
    public TimeSpan Delay
    {
        get
        {
            lock (_gate)
            {
                if (_timer is null)
                    return TimeSpan.Zero;
                var overdue = time.GetElapsedTime(_scheduledAt) - Interval;
                return overdue > _lastDelay ? overdue : _lastDelay;
            }
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _timer = time.CreateTimer(_ => OnTick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Schedule();
        }
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _timer?.Dispose();
            _timer = null;
        }
    }

    private void OnTick()
    {
        lock (_gate)
        {
            if (_timer is null)
                return;
            var delay = time.GetElapsedTime(_scheduledAt) - Interval;
            _lastDelay = delay > TimeSpan.Zero ? delay : TimeSpan.Zero;
            Schedule();
        }
    }

    private void Schedule()
    {
        _scheduledAt = time.GetTimestamp();
        _timer!.Change(Interval, Timeout.InfiniteTimeSpan);
    }
}
