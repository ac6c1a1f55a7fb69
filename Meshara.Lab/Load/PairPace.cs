namespace Meshara.Lab.Load;

/// <summary>The load on a pair.</summary>
/// <param name="Callers">Number of concurrent senders.</param>
/// <param name="Window">Maximum number of accepted but unacknowledged messages.</param>
/// <param name="Interval">Time between messages; null to send as soon as the window allows.</param>
internal sealed record PairPace(int Callers, int Window, TimeSpan? Interval)
{
    // Enough messages in flight to keep both nodes busy, but few enough not to measure the memory of a queue.
    private const int MaxWindow = 1024;
    private const int MaxWindowBytes = 16 * 1024 * 1024;

    /// <summary>Full load.</summary>
    public static PairPace Saturating(int payload) => new(64, Math.Clamp(MaxWindowBytes / payload, 64, MaxWindow), null);

    /// <summary>Single messages, far enough apart that none waits for another.</summary>
    public static PairPace Unloaded { get; } = new(1, 64, TimeSpan.FromMilliseconds(2));
}
