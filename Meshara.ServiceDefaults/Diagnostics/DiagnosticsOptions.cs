namespace Meshara.ServiceDefaults.Diagnostics;

/// <summary>
/// Section <c>Diagnostics</c>: the traces and logs that a service keeps in memory, to inspect it without any backend.
/// </summary>
public sealed class DiagnosticsOptions
{
    /// <summary>
    /// Whether they are kept; by default in Development only. They show message ids and addresses, never content.
    /// </summary>
    public bool? Enabled { get; set; }

    /// <summary>Maximum number of traces of each kind (recent, slow, failed).</summary>
    public int MaxTraces { get; set; } = 200;

    /// <summary>Maximum number of spans kept of one trace; further ones are only counted.</summary>
    public int MaxSpansPerTrace { get; set; } = 256;

    /// <summary>Maximum size of the traces, estimated in bytes.</summary>
    public long MaxTraceBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>A trace with a span that took at least this long is slow.</summary>
    public TimeSpan SlowerThan { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Maximum number of log lines.</summary>
    public int MaxLogs { get; set; } = 2000;

    /// <summary>Maximum size of the log lines, in bytes.</summary>
    public long MaxLogBytes { get; set; } = 4 * 1024 * 1024;
}
