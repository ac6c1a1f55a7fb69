using Meshara.Harness;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.AppHost.Mesh;

/// <summary>
/// Checks whether a node is ready. Aspire repeats the check of an unhealthy resource after 1 s, then 2 s, up to 5 s. This check polls a
/// starting node every 100 ms instead, so that its readiness is seen at once.
/// </summary>
/// <param name="node">The node to check.</param>
internal sealed class NodeReadiness(StackNode node) : IHealthCheck
{
    /// <summary>How long one check may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private volatile bool _wasReady;

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var api = RunningNode.Client(node);
        var started = TimeProvider.System.GetTimestamp();
        while (!await api.IsReadyAsync(cancellationToken))
        {
            if (_wasReady || TimeProvider.System.GetElapsedTime(started) > Patience)
            {
                _wasReady = false;
                return HealthCheckResult.Unhealthy("The node does not answer or has not joined the mesh.");
            }

            await Task.Delay(Pause, cancellationToken);
        }

        _wasReady = true;
        return HealthCheckResult.Healthy();
    }
}
