using Meshara.Node.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.Node.Health;

/// <summary>
/// Check <c>mesh</c> of <c>/ready</c>: listening, loaded and joined; not ready again while draining. A node that has lost all it had joined
/// still takes messages, so it stays ready and says so.
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
