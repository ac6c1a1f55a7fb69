using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.Node.Health;

/// <summary>Check <c>mesh</c> of <c>/ready</c>: listening, loaded and joined; not ready again while draining.</summary>
internal sealed class ReadyCheck(INodeView node) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(node.State switch
        {
            NodeState.Ready => HealthCheckResult.Healthy(),
            NodeState.Draining => HealthCheckResult.Unhealthy("draining"),
            _ => HealthCheckResult.Unhealthy("has not joined the mesh yet"),
        });
}
