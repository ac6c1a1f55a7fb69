using Meshara.Node.Storage;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.Node.Health;

/// <summary>Check <c>storage</c>: a node that cannot store accepts no messages; one with a slow disk still accepts all.</summary>
internal sealed class StorageCheck(IMessageStore store) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(store.State switch
        {
            StorageState.Healthy => HealthCheckResult.Healthy(),
            StorageState.Slow => HealthCheckResult.Degraded(store.Problem),
            _ => HealthCheckResult.Unhealthy(store.Problem),
        });
}
