namespace Meshara.ServiceDefaults.Health;

/// <summary>Time since the service started, by the monotonic clock.</summary>
internal sealed class Uptime(TimeProvider time)
{
    private readonly long _startedAt = time.GetTimestamp();

    public TimeSpan Elapsed => time.GetElapsedTime(_startedAt);
}
