namespace Meshara.Node.Transport;

/// <summary>Smoothed round-trip time and its variation as in RFC 6298 section 2, and the timeout derived from them.</summary>
internal sealed class RoundTripEstimate
{
    private double _smoothed = -1;
    private double _variation;

    /// <summary>Null before the first sample.</summary>
    public TimeSpan? Smoothed => Volatile.Read(ref _smoothed) is var seconds and >= 0 ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>
    /// The RTO of RFC 6298 without a lower bound: the wait after which an answer counts as lost. Null before the first sample.
    /// </summary>
    public TimeSpan? Timeout => Smoothed is { } smoothed ? smoothed + TimeSpan.FromSeconds(4 * Volatile.Read(ref _variation)) : null;

    public void Add(TimeSpan sample)
    {
        var seconds = sample.TotalSeconds;
        if (_smoothed < 0)
        {
            Volatile.Write(ref _variation, seconds / 2);
            Volatile.Write(ref _smoothed, seconds);
            return;
        }
        Volatile.Write(ref _variation, 0.75 * _variation + 0.25 * Math.Abs(_smoothed - seconds));
        Volatile.Write(ref _smoothed, 0.875 * _smoothed + 0.125 * seconds);
    }
}
