using Meshara.Node.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.Node.Health;

/// <summary>
/// Check <c>peers</c>: a node without a peer cannot deliver. The first node of a mesh may be alone until another joins.
/// </summary>
internal sealed class PeersCheck(INodeView node, Topology topology) : IHealthCheck
{
    private volatile bool _hadPeers;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (node.ConnectedPeers > 0)
        {
            _hadPeers = true;
            return Task.FromResult(HealthCheckResult.Healthy());
        }
        return Task.FromResult(topology.IsAlone && !_hadPeers
            ? HealthCheckResult.Healthy("no other node yet")
            : HealthCheckResult.Unhealthy("no peer is connected"));
    }
}
