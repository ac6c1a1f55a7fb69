namespace Meshara.Node;

/// <summary>
/// Admits a burst up to the capacity, and refills evenly by the capacity within each window. Safe for concurrent use.
/// </summary>
internal sealed class TokenBucket(int capacity, TimeSpan window, TimeProvider time)
{
    private readonly Lock _gate = new();
    private double _tokens = capacity;
    private long _at = time.GetTimestamp();

    /// <summary>When it was last asked, as a timestamp.</summary>
    public long LastAsked => Volatile.Read(ref _at);

    /// <summary>True if one more may pass now.</summary>
    public bool TryTake()
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(capacity, _tokens + time.GetElapsedTime(_at, now) / window * capacity);
            Volatile.Write(ref _at, now);
            if (_tokens < 1)
                return false;
            _tokens--;
            return true;
        }
    }
}
