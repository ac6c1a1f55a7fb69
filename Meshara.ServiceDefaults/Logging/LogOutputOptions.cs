namespace Meshara.ServiceDefaults.Logging;

/// <summary>Section <c>Logs</c>: limits of log files, of queued lines, and of repeated warnings.</summary>
public sealed class LogOutputOptions
{
    /// <summary>Folder of the rolling files; null for none. Defaults to the environment variable <c>MESHARA_LOG_DIR</c>.</summary>
    public string? Directory { get; set; }

    /// <summary>First part of the file names; defaults to <c>meshara.node.name</c>, otherwise to the service's name.</summary>
    public string? FileName { get; set; }

    /// <summary>Size at which a new file is begun, in bytes.</summary>
    public long MaxFileBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Number of files kept, including the current one; the oldest is deleted first.</summary>
    public int MaxFiles { get; set; } = 10;

    /// <summary>Files older than this are deleted.</summary>
    public TimeSpan MaxFileAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Pause before log files are tried again after a write failed, for example because the disk is full.</summary>
    public TimeSpan FileRetryInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of lines that may be queued for one output. Further lines are dropped, counted and reported.</summary>
    public long MaxQueuedBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Warnings and errors of one event that are written per <see cref="RepeatInterval"/>; 0 for no limit.</summary>
    public int RepeatBudget { get; set; } = 10;

    /// <summary>The interval of <see cref="RepeatBudget"/>; at its end the number of suppressed lines is logged once.</summary>
    public TimeSpan RepeatInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Opens standard output; replaced by tests.</summary>
    internal Func<Stream> OpenStandardOutput { get; set; } = Console.OpenStandardOutput;
}
