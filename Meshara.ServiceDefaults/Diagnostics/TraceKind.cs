namespace Meshara.ServiceDefaults.Diagnostics;

/// <summary>Which of the traces that are kept.</summary>
public enum TraceKind
{
    /// <summary>The latest.</summary>
    Recent,

    /// <summary>The latest that were slow.</summary>
    Slow,

    /// <summary>The latest that failed.</summary>
    Failed,
}
