using Meshara.ServiceDefaults.Logging;

namespace Meshara.ServiceDefaults;

/// <summary>
/// The service's identity and the telemetry it emits; see <see cref="ServiceDefaultsExtensions.AddServiceDefaults"/>.
/// </summary>
public sealed class ServiceDefaultsOptions
{
    /// <summary>
    /// Resource attribute <c>service.name</c>; defaults to the application's name. <c>OTEL_SERVICE_NAME</c> wins over it.
    /// </summary>
    public string? ServiceName { get; set; }

    /// <summary>Resource attribute <c>service.instance.id</c>, and <c>span.node_id</c> of every log line.</summary>
    public string? InstanceId { get; set; }

    /// <summary>Resource attribute <c>service.version</c>; defaults to the entry assembly's informational version.</summary>
    public string? ServiceVersion { get; set; }

    /// <summary>Further resource attributes of all three signals. <c>OTEL_RESOURCE_ATTRIBUTES</c> wins over them.</summary>
    public IDictionary<string, object> ResourceAttributes { get; } = new Dictionary<string, object>(StringComparer.Ordinal);

    /// <summary>Names of the meters to collect, in addition to those of the runtime, ASP.NET Core and HTTP clients.</summary>
    public IList<string> Meters { get; } = [];

    /// <summary>
    /// Maximum number of series of one metric, that is, of combinations of label values; at least 1. Further combinations are
    /// added up in one series with the label <c>otel_metric_overflow</c> (OpenTelemetry metrics SDK, cardinality limits). Memory
    /// for all of them, about 100 bytes each, is allocated when the metric is created.
    /// </summary>
    public int MaxSeriesPerMetric { get; set; } = 200;

    /// <summary>Names of the activity sources to collect, in addition to those of ASP.NET Core and HTTP clients.</summary>
    public IList<string> ActivitySources { get; } = [];

    /// <summary>The local port that serves <c>/metrics</c>; null for any port the application listens on.</summary>
    public int? MetricsPort { get; set; }

    /// <summary>
    /// Maps log categories to the <c>target</c> of log lines; the first entry whose prefix matches wins. A category without a
    /// match is shown in lower case with <c>::</c> for dots.
    /// </summary>
    public IList<LogTarget> LogTargets { get; } = [];

    /// <summary>
    /// Limits of log output. The configuration section <c>Logs</c> is bound to it before the caller's settings apply.
    /// </summary>
    public LogOutputOptions Logs { get; } = new();
}
