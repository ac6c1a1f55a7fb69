namespace Meshara.Node.Transport;

/// <summary>Smoothed round trip time and its variation after RFC 6298 section 2; from them, how long to wait for an answer.</summary>
internal sealed class RoundTripEstimate(TimeSpan minTimeout, TimeSpan maxTimeout)
{
    private double _smoothed = -1;
    private double _variation;

    /// <summary>Null before the first sample.</summary>
    public TimeSpan? Smoothed => Volatile.Read(ref _smoothed) is var seconds and >= 0 ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>
    /// The wait after which an unanswered heartbeat means that the peer is gone. Four times RFC 6298's timeout, since
    /// nobody retransmits a heartbeat and a wrong verdict costs a connection.
    /// </summary>
    public TimeSpan Timeout
    {
        get
        {
            if (Smoothed is not { } smoothed)
                return maxTimeout;
            var timeout = 4 * (smoothed + TimeSpan.FromSeconds(4 * Volatile.Read(ref _variation)));
            return timeout < minTimeout ? minTimeout : timeout > maxTimeout ? maxTimeout : timeout;
        }
    }

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
