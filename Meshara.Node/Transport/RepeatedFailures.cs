namespace Meshara.Node.Transport;

/// <summary>
/// Decides when to log a repeated failure: at once, then after pauses that grow from a minute to an hour, with a count. A
/// failure that has not recurred for two hours counts as new. Safe for concurrent use.
/// </summary>
internal sealed class RepeatedFailures(TimeProvider time)
{
    private const int Capacity = 1000;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1), LongestPause = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Failure> _failures = [];

    /// <summary>Counts a failure.</summary>
    /// <param name="what">Identifies the failure.</param>
    /// <param name="count">How many times it has failed since it was last logged, this time included.</param>
    /// <returns>True if it should be logged.</returns>
    public bool IsDue(string what, out int count)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (!_failures.TryGetValue(what, out var failure) || time.GetElapsedTime(failure.Last, now) > 2 * LongestPause)
            {
                if (_failures.Count >= Capacity)
                    _failures.Remove(_failures.MinBy(entry => entry.Value.Last).Key);
                _failures[what] = failure = new Failure { Said = now, Pause = FirstPause };
                count = 1;
                failure.Last = now;
                return true;
            }
            failure.Last = now;
            count = ++failure.Count;
            if (time.GetElapsedTime(failure.Said, now) < failure.Pause)
                return false;
            (failure.Said, failure.Count) = (now, 0);
            failure.Pause = failure.Pause * 4 < LongestPause ? failure.Pause * 4 : LongestPause;
            return true;
        }
    }

    private sealed class Failure
    {
        public long Last { get; set; }

        public long Said { get; set; }

        public int Count { get; set; }

        public TimeSpan Pause { get; set; }
    }
}
