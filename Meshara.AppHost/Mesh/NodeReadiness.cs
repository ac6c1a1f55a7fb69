using Meshara.Harness;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.AppHost.Mesh;

/// <summary>
/// Whether a node is ready. Aspire asks a resource that is not healthy after 1 s, then after 2 s, up to every 5 s; a node that starts is
/// asked every 100 ms here instead, so that nobody waits longer for it than it takes.
/// </summary>
/// <param name="node">Which node.</param>
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
                return HealthCheckResult.Unhealthy("It does not answer, or has not joined the mesh.");
            }

            await Task.Delay(Pause, cancellationToken);
        }

        _wasReady = true;
        return HealthCheckResult.Healthy();
    }
}
