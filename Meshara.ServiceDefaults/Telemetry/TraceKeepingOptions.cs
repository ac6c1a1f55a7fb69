namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>Section <c>Traces</c>: what is exported of traces that <c>OTEL_TRACES_SAMPLER</c> did not choose.</summary>
public sealed class TraceKeepingOptions
{
    /// <summary>
    /// Whether traces that fail or are slow are exported whole, chosen by the sampler or not. Then every trace has its spans made, and
    /// they are held until it ends; docs/telemetry.md says what that costs. Nothing is held when the sampler is <c>always_off</c>, or
    /// when traces are exported nowhere.
    /// </summary>
    public bool KeepFailedAndSlow { get; set; }

    /// <summary>A trace whose part on this node takes at least this long is slow.</summary>
    public TimeSpan SlowerThan { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Traces kept in a second at the most: a fault that all messages suffer from must not become worse by exporting them all.</summary>
    public int MaxKeptPerSecond { get; set; } = 20;

    /// <summary>
    /// Bytes of open and held spans at the most, counted as 1 KiB each. The oldest traces go first; while there is no room, no further
    /// trace is held.
    /// </summary>
    public long MaxHeldBytes { get; set; } = 16 * 1024 * 1024;
}
