using Meshara.Node.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.Node.Health;

/// <summary>Check <c>peers</c>: a node without a peer cannot deliver. A node that starts a mesh may be alone until somebody has come.</summary>
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
