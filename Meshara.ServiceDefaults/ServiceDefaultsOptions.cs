using Meshara.ServiceDefaults.Logging;

namespace Meshara.ServiceDefaults;

/// <summary>Who the service is and what it emits; see <see cref="ServiceDefaultsExtensions.AddServiceDefaults"/>.</summary>
public sealed class ServiceDefaultsOptions
{
    /// <summary>Resource attribute <c>service.name</c>; the default is the application's name. <c>OTEL_SERVICE_NAME</c> wins over it.</summary>
    public string? ServiceName { get; set; }

    /// <summary>Resource attribute <c>service.instance.id</c>, and <c>span.node_id</c> of every log line.</summary>
    public string? InstanceId { get; set; }

    /// <summary>Resource attribute <c>service.version</c>; the default is the entry assembly's informational version.</summary>
    public string? ServiceVersion { get; set; }

    /// <summary>Further resource attributes of all three signals. <c>OTEL_RESOURCE_ATTRIBUTES</c> wins over them.</summary>
    public IDictionary<string, object> ResourceAttributes { get; } = new Dictionary<string, object>(StringComparer.Ordinal);

    /// <summary>Names of the meters to collect, next to those of the runtime, ASP.NET Core and HTTP clients.</summary>
    public IList<string> Meters { get; } = [];

    /// <summary>
    /// Series of one metric at the most, that is combinations of its labels' values; at least 1. What exceeds it is added up in a series with
    /// the label <c>otel_metric_overflow</c> (OpenTelemetry's metrics SDK, cardinality limits). Memory for as many is taken when the metric
    /// is created, about 100 bytes each.
    /// </summary>
    public int MaxSeriesPerMetric { get; set; } = 200;

    /// <summary>Names of the activity sources to collect, next to those of ASP.NET Core and HTTP clients.</summary>
    public IList<string> ActivitySources { get; } = [];

    /// <summary>The local port <c>/metrics</c> answers on; null is any port the application listens on.</summary>
    public int? MetricsPort { get; set; }

    /// <summary>
    /// How log categories are shown as <c>target</c>; the first entry whose prefix fits decides. A category that
    /// none fits is shown in lower case with <c>::</c> for dots.
    /// </summary>
    public IList<LogTarget> LogTargets { get; } = [];

    /// <summary>Limits of log output; configuration section <c>Logs</c> is bound to it before the code's own settings apply.</summary>
    public LogOutputOptions Logs { get; } = new();
}
