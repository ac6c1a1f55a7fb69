using System.Diagnostics.Metrics;
using Meshara.Node.Telemetry;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.Node.Health;

/// <summary>Keeps the latest results of the <c>/health</c> checks for a metric: a scrape has no time to run them.</summary>
internal sealed class HealthStates : IHealthCheckPublisher
{
    /// <summary>How often the checks run.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private volatile HealthReport? _latest;

    public HealthStates(MeshTelemetry telemetry) => telemetry.Observe(this);

    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        _latest = report;
        return Task.CompletedTask;
    }

    /// <summary>1 for a healthy check, 0.5 for a degraded one, 0 otherwise; empty before the first run.</summary>
    public IEnumerable<Measurement<double>> Measure() => _latest is not { } report ? []
        : report.Entries.Select(entry => new Measurement<double>(
            entry.Value.Status switch { HealthStatus.Healthy => 1, HealthStatus.Degraded => 0.5, _ => 0 },
            new KeyValuePair<string, object?>("check", entry.Key)));
}
