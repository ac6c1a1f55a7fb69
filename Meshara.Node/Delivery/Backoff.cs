namespace Meshara.Node.Delivery;

/// <summary>
/// Exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", 2015), so that many retries do not
/// coincide.
/// </summary>
internal static class Backoff
{
    /// <summary>
    /// A random wait of at most <paramref name="start"/>, doubled for each earlier failure and limited to
    /// <paramref name="cap"/>.
    /// </summary>
    /// <param name="failures">1 for the first one.</param>
    public static TimeSpan FullJitter(TimeSpan start, TimeSpan cap, int failures)
    {
        var ceiling = Ceiling(start, cap, failures);
        return ceiling * Chance.Random.NextDouble();
    }

    /// <summary>
    /// How long to wait for an acknowledgment: <paramref name="patience"/>, which an answer may take, plus a random wait as in
    /// <see cref="FullJitter"/>. The sum is limited to the cap, unless patience alone exceeds it.
    /// </summary>
    public static TimeSpan AcknowledgmentWait(TimeSpan patience, TimeSpan start, TimeSpan cap, int attempts)
    {
        var wait = patience + FullJitter(start, cap, attempts);
        return wait < cap ? wait : patience < cap ? cap : patience;
    }

    private static TimeSpan Ceiling(TimeSpan start, TimeSpan cap, int failures)
    {
        var doublings = Math.Clamp(failures - 1, 0, 30);
        return start.Ticks > cap.Ticks >> doublings ? cap : start * (1L << doublings);
    }
}
