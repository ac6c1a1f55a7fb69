using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.ServiceDefaults.Health;

/// <summary>Reports a process whose thread pool is starved; see <see cref="EventLoopMonitor"/>.</summary>
internal sealed class EventLoopCheck(EventLoopMonitor monitor) : IHealthCheck
{
    public const string Name = "event_loop";

    // Far above what a busy machine causes: garbage collections and throttled containers stay below the first.
    public static readonly TimeSpan DegradedAfter = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan UnhealthyAfter = TimeSpan.FromSeconds(10);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var delay = monitor.Delay;
        if (delay < DegradedAfter)
            return Task.FromResult(HealthCheckResult.Healthy());
        var reason = string.Create(CultureInfo.InvariantCulture, $"work waits {delay.TotalSeconds:F1} s for a thread");
        return Task.FromResult(delay < UnhealthyAfter ? HealthCheckResult.Degraded(reason) : HealthCheckResult.Unhealthy(reason));
    }
}
