namespace Meshara.Lab.Load;

/// <summary>How hard a pair is driven.</summary>
/// <param name="Callers">Callers that send at the same time.</param>
/// <param name="Window">Accepted and not yet acknowledged messages at the most.</param>
/// <param name="Interval">Time from one message to the next; null for as soon as there is room.</param>
internal sealed record PairPace(int Callers, int Window, TimeSpan? Interval)
{
    // In flight at the most: enough to keep both nodes busy, little enough not to measure the memory of a queue.
    private const int MaxWindow = 1024;
    private const int MaxWindowBytes = 16 * 1024 * 1024;

    /// <summary>As much as goes through.</summary>
    public static PairPace Saturating(int payload) => new(64, Math.Clamp(MaxWindowBytes / payload, 64, MaxWindow), null);

    /// <summary>One message at a time, so far apart that none waits for another.</summary>
    public static PairPace Unloaded { get; } = new(1, 64, TimeSpan.FromMilliseconds(2));
}
