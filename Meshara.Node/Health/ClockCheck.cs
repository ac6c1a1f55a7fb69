using System.Globalization;
using Meshara.Node.Clocks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.Node.Health;

/// <summary>Check <c>clock</c>: a wrong clock harms no message, but it misleads people and other programs.</summary>
internal sealed class ClockCheck(NodeClock clock) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(clock.Peers.Skew is { } skew && skew.Median.Duration() > ClockGuard.MaxSkew
            ? HealthCheckResult.Degraded(string.Create(CultureInfo.InvariantCulture,
                $"the clock is {skew.Median.TotalSeconds:0} s from that of {skew.Peers} peers (spread {skew.Spread.TotalSeconds:0} s)"))
            : HealthCheckResult.Healthy());
}
