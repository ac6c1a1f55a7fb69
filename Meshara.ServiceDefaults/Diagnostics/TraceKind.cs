namespace Meshara.ServiceDefaults.Diagnostics;

/// <summary>Selects among the kept traces.</summary>
public enum TraceKind
{
    /// <summary>The latest.</summary>
    Recent,

    /// <summary>The latest that were slow.</summary>
    Slow,

    /// <summary>The latest that failed.</summary>
    Failed,
}
