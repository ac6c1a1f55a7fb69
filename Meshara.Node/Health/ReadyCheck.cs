using Meshara.Node.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.Node.Health;

/// <summary>
/// Check <c>mesh</c> of <c>/ready</c>: listening, loaded and joined; no longer ready while draining. A node that has lost all
/// its peers still accepts messages, so it stays ready, but degraded.
/// </summary>
internal sealed class ReadyCheck(INodeView node, Topology topology) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(node.State switch
        {
            NodeState.Ready when node.ConnectedPeers == 0 && !topology.IsAlone => HealthCheckResult.Degraded("no peer is connected"),
            NodeState.Ready => HealthCheckResult.Healthy(),
            NodeState.Draining => HealthCheckResult.Unhealthy("draining"),
            _ => HealthCheckResult.Unhealthy(topology.BootstrapFailure ?? "has not joined the mesh yet"),
        });
}
