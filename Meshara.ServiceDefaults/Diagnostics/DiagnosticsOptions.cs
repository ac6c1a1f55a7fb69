namespace Meshara.ServiceDefaults.Diagnostics;

/// <summary>Section <c>Diagnostics</c>: the traces and logs a service keeps in memory, for a look without any backend.</summary>
public sealed class DiagnosticsOptions
{
    /// <summary>Whether they are kept; left out: in Development only. They show message ids and addresses, never content.</summary>
    public bool? Enabled { get; set; }

    /// <summary>Traces of each kind (recent, slow, failed) that are kept.</summary>
    public int MaxTraces { get; set; } = 200;

    /// <summary>Spans of one trace that are kept; further ones are counted.</summary>
    public int MaxSpansPerTrace { get; set; } = 256;

    /// <summary>Bytes of traces kept at the most, by estimate.</summary>
    public long MaxTraceBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>A trace with a span that took at least this long is slow.</summary>
    public TimeSpan SlowerThan { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Log lines that are kept.</summary>
    public int MaxLogs { get; set; } = 2000;

    /// <summary>Bytes of log lines kept at the most.</summary>
    public long MaxLogBytes { get; set; } = 4 * 1024 * 1024;
}
