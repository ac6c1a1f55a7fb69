namespace Meshara.ServiceDefaults.Logging;

/// <summary>Section <c>Logs</c>: limits of log files, of the memory logs may wait in, and of repeated warnings.</summary>
public sealed class LogOutputOptions
{
    /// <summary>Folder of the rolling files, or null for none; the default is the environment's <c>MESHARA_LOG_DIR</c>.</summary>
    public string? Directory { get; set; }

    /// <summary>First part of the file names; the default is <c>meshara.node.name</c> or else the service's name.</summary>
    public string? FileName { get; set; }

    /// <summary>A file that reaches this size is followed by another.</summary>
    public long MaxFileBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Files kept, the current one included; the oldest is deleted first.</summary>
    public int MaxFiles { get; set; } = 10;

    /// <summary>Files of days longer ago are deleted.</summary>
    public TimeSpan MaxFileAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long log files are left alone after a write failed, for example because the disk is full.</summary>
    public TimeSpan FileRetryInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of lines that may wait for one output. Further lines are dropped, counted and reported.</summary>
    public long MaxQueuedBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Warnings and errors of one event that are written per <see cref="RepeatInterval"/>; 0 is no limit.</summary>
    public int RepeatBudget { get; set; } = 10;

    /// <summary>The interval of <see cref="RepeatBudget"/>; at its end the number of suppressed lines is logged once.</summary>
    public TimeSpan RepeatInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Where the lines of standard output go; replaced by tests.</summary>
    internal Func<Stream> OpenStandardOutput { get; set; } = Console.OpenStandardOutput;
}
