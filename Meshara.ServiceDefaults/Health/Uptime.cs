namespace Meshara.ServiceDefaults.Health;

/// <summary>How long the service has been up, by the monotonic clock.</summary>
internal sealed class Uptime(TimeProvider time)
{
    private readonly long _startedAt = time.GetTimestamp();

    public TimeSpan Elapsed => time.GetElapsedTime(_startedAt);
}
