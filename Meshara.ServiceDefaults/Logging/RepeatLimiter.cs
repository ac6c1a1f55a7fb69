using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Meshara.ServiceDefaults.Logging;

/// <summary>Identifies repetitions of the same log event.</summary>
/// <param name="Category">The logger's category.</param>
/// <param name="Id">The event's number.</param>
/// <param name="Name">The event's name.</param>
/// <param name="Template">The message's template, if the event has neither number nor name.</param>
internal readonly record struct RepeatedEvent(string Category, int Id = 0, string? Name = null, string? Template = null);

/// <summary>
/// Lets a limited number of lines of one event through per interval and counts the rest, so that a repeating peer or fault
/// can neither fill a disk nor hide other lines.
/// </summary>
internal sealed class RepeatLimiter : IDisposable
{
    // Events are finite unless a caller logs interpolated strings; beyond this number, new ones share one window per category.
    private const int MaxEvents = 2048;

    private readonly ConcurrentDictionary<RepeatedEvent, Window> _windows = new();
    private readonly TimeProvider _time;
    private readonly int _budget;
    private readonly TimeSpan _interval;
    private readonly Action<RepeatedEvent, LogLevel, long> _report;
    private readonly ITimer _timer;
    private int _armed;

    /// <param name="report">Called once per event and interval with the number of lines held back, if any.</param>
    public RepeatLimiter(TimeProvider time, int budget, TimeSpan interval, Action<RepeatedEvent, LogLevel, long> report)
    {
        (_time, _budget, _interval, _report) = (time, budget, interval, report);
        _timer = time.CreateTimer(_ => ReportSuppressed(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public bool Allow(RepeatedEvent repeated, LogLevel level)
    {
        if (_budget <= 0)
            return true;
        if (!_windows.TryGetValue(repeated, out var window))
        {
            if (_windows.Count >= MaxEvents)
                repeated = new RepeatedEvent(repeated.Category);
            window = _windows.GetOrAdd(repeated, static _ => new Window());
        }

        lock (window)
        {
            var now = _time.GetTimestamp();
            if (window.Written == 0 || _time.GetElapsedTime(window.Start, now) >= _interval)
                (window.Start, window.Written) = (now, 0);
            if (window.Written < _budget)
            {
                window.Written++;
                return true;
            }
            window.Suppressed++;
            window.Level = level;
        }

        if (Interlocked.Exchange(ref _armed, 1) == 0)
            _timer.Change(_interval, Timeout.InfiniteTimeSpan);
        return false;
    }

    public void Dispose()
    {
        _timer.Dispose();
        ReportSuppressed();
    }

    private void ReportSuppressed()
    {
        // Before the sweep: an event suppressed during it arms the timer again.
        Volatile.Write(ref _armed, 0);
        foreach (var (repeated, window) in _windows)
        {
            long suppressed;
            LogLevel level;
            lock (window)
            {
                (suppressed, level) = (window.Suppressed, window.Level);
                window.Suppressed = 0;
            }
            if (suppressed > 0)
                _report(repeated, level, suppressed);
        }
    }

    private sealed class Window
    {
        public long Start;
        public int Written;
        public long Suppressed;
        public LogLevel Level;
    }
}
