namespace Meshara.Node.Protocol;

/// <summary>Conversions between times and the wire format: microseconds since the Unix epoch.</summary>
internal static class MicrosecondTime
{
    private const long TicksPerMicrosecond = TimeSpan.TicksPerMicrosecond;

    public static long ToMicroseconds(this DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TicksPerMicrosecond;

    /// <summary>
    /// False for times outside the years 1970 to 8999, which only a hostile or broken peer sends. The limit is below that of
    /// the calendar, so that a node can add any of its intervals without overflow.
    /// </summary>
    public static bool TryFromMicroseconds(long microseconds, out DateTimeOffset time)
    {
        const long limit = 221_845_392_000_000_000; // 9000-01-01T00:00:00Z
        time = microseconds is >= 0 and < limit ? DateTimeOffset.UnixEpoch.AddTicks(microseconds * TicksPerMicrosecond) : default;
        return microseconds is >= 0 and < limit;
    }
}
