namespace Meshara.Node.Delivery;

/// <summary>Exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", 2015), so that retries of many never meet.</summary>
internal static class Backoff
{
    /// <summary>A random wait up to <paramref name="start"/> doubled for every earlier failure, never above <paramref name="cap"/>.</summary>
    /// <param name="failures">1 for the first one.</param>
    public static TimeSpan FullJitter(TimeSpan start, TimeSpan cap, int failures)
    {
        var ceiling = Ceiling(start, cap, failures);
        return ceiling * Random.Shared.NextDouble();
    }

    /// <summary>
    /// How long to wait for an acknowledgment: never less than <paramref name="patience"/>, which an answer may take, and beyond that as
    /// <see cref="FullJitter"/>, in all not longer than the cap unless patience is.
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
