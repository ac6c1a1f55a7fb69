using Meshara.Node.Transport;

namespace Meshara.Node.Delivery;

/// <summary>
/// The path to a recipient and back, direct or through relays: how long acknowledgments take (RFC 6298), and how many bytes may
/// be in flight. The window adapts to the round trip, since the link's speed is not known in advance. Not safe for concurrent
/// use: <see cref="Outbox"/> holds its lock.
/// </summary>
/// <param name="target">
/// The shortest wait for an acknowledgment. The window grows while the round trip is at most twice this, and shrinks above four
/// times.
/// </param>
internal sealed class Passage(TimeSpan target)
{
    /// <summary>The smallest window, in bytes.</summary>
    public const int MinWindow = 256 * 1024;

    /// <summary>The largest window, in bytes: what a 1 Gbit/s link carries in 130 ms.</summary>
    public const int MaxWindow = 16 * 1024 * 1024;

    private const int MaxBackoffs = 10;

    // 1 Mbit/s. Until a round trip is measured, a large message on such a link must not be taken for lost.
    private const int SlowBytesPerSecond = 125_000;

    private readonly RoundTripEstimate _roundTrip = new();
    private int _backoffs;
    private long _backedOff;

    /// <summary>Bytes that may be handed over and unacknowledged.</summary>
    public int Window { get; private set; } = MinWindow;

    /// <summary>
    /// How long to wait for the acknowledgment of a message: at least the target, or as long as others have taken, plus the
    /// time the message itself needs on a slow link. Doubled after each timeout, up to the cap.
    /// </summary>
    public TimeSpan Patience(int bytes, TimeSpan cap)
    {
        var expected = (_roundTrip.Timeout is { } timeout && timeout > target ? timeout : target) + TimeSpan.FromSeconds((double)bytes / SlowBytesPerSecond);
        var patience = expected * (1 << _backoffs);
        return patience < cap ? patience : expected > cap ? expected : cap;
    }

    /// <summary>
    /// Notes the acknowledgment of a message that was sent only once, so that it is clear which transmission is acknowledged
    /// (Karn and Partridge, "Improving Round-Trip Time Estimates in Reliable Transport Protocols", 1987).
    /// </summary>
    /// <param name="roundTrip">From the hand-over to the acknowledgment.</param>
    /// <param name="bytes">Size of the message.</param>
    /// <param name="inFlight">Bytes in flight, this message included; a window that is hardly used does not grow (RFC 7661).</param>
    public void Acknowledged(TimeSpan roundTrip, int bytes, long inFlight)
    {
        _roundTrip.Add(roundTrip);
        _backoffs = 0;
        if (roundTrip <= 2 * target && 2 * inFlight >= Window)
            Window = Math.Min(Window + bytes, MaxWindow);
        else if (roundTrip > 4 * target)
            Window = Math.Max(Window - bytes / 2, MinWindow);
    }

    /// <summary>Forgets window and backoff: the recipient has reconnected, perhaps over another path.</summary>
    public void Restart()
    {
        _backoffs = 0;
        Window = MinWindow;
    }

    /// <summary>Notes an overdue acknowledgment. All messages that were in flight together back off once.</summary>
    /// <param name="sent">Monotonic time of the hand-over.</param>
    /// <param name="now">Current monotonic time.</param>
    public void TimedOut(long sent, long now)
    {
        if (sent < _backedOff)
            return;
        _backedOff = now;
        _backoffs = Math.Min(_backoffs + 1, MaxBackoffs);
        Window = Math.Max(Window / 2, MinWindow);
    }
}
