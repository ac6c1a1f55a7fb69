namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>Section <c>Traces</c>: the export of traces that <c>OTEL_TRACES_SAMPLER</c> did not choose.</summary>
public sealed class TraceKeepingOptions
{
    /// <summary>
    /// Whether traces that fail or are slow are exported whole, even if the sampler did not choose them. Spans are then created
    /// for every trace and held until it ends; docs/telemetry.md states the cost. Nothing is held if the sampler is
    /// <c>always_off</c> or traces are not exported.
    /// </summary>
    public bool KeepFailedAndSlow { get; set; }

    /// <summary>A trace whose part on this node takes at least this long is slow.</summary>
    public TimeSpan SlowerThan { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Maximum number of traces kept per second, so that exporting does not aggravate a fault that affects all messages.
    /// </summary>
    public int MaxKeptPerSecond { get; set; } = 20;

    /// <summary>
    /// Maximum size of open and held spans in bytes, counted as 1 KiB each. The oldest traces are dropped first; while there is
    /// no room, no further trace is held.
    /// </summary>
    public long MaxHeldBytes { get; set; } = 16 * 1024 * 1024;
}
