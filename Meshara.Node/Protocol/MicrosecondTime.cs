namespace Meshara.Node.Protocol;

/// <summary>Times on the wire: microseconds since the Unix epoch.</summary>
internal static class MicrosecondTime
{
    private const long TicksPerMicrosecond = TimeSpan.TicksPerMicrosecond;

    public static long ToMicroseconds(this DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TicksPerMicrosecond;

    /// <summary>False for times outside years 1970 to 9999, which only a hostile or broken peer sends.</summary>
    public static bool TryFromMicroseconds(long microseconds, out DateTimeOffset time)
    {
        const long limit = 253_402_300_799_000_000; // 9999-12-31T23:59:59Z
        time = microseconds is >= 0 and <= limit ? DateTimeOffset.UnixEpoch.AddTicks(microseconds * TicksPerMicrosecond) : default;
        return microseconds is >= 0 and <= limit;
    }
}
