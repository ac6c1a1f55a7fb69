namespace Meshara.ServiceDefaults;

/// <summary>What the operating system says about this process: memory, processor time and storage traffic.</summary>
public sealed partial class ProcessResources
{
    /// <summary>
    /// The shortest time a CPU figure covers. Scrapes and health requests read independently; without it, one right after
    /// the other would see a span too short for the system's accounting ticks.
    /// </summary>
    private static readonly TimeSpan ShortestSpan = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly Func<TimeSpan> _processorTime;
    private readonly Lock _gate = new();
    private long _readAt;
    private TimeSpan _usedThen;
    private double _cpuPercent;

    /// <param name="time">The clock that CPU readings are measured against.</param>
    public ProcessResources(TimeProvider time)
        : this(time, static () => Environment.CpuUsage.TotalTime)
    {
    }

    internal ProcessResources(TimeProvider time, Func<TimeSpan> processorTime)
    {
        (_time, _processorTime) = (time, processorTime);
        (_readAt, _usedThen) = (time.GetTimestamp(), processorTime());
        StorageIoUnavailable = ReadStorageIo(out _);
    }

    /// <summary>Physical memory the process occupies, in bytes.</summary>
    public long WorkingSetBytes => Environment.WorkingSet;

    /// <summary>
    /// Processor time since the last reading in percent of one core, so that two busy cores are 200. Readings less than a
    /// second apart give the same figure; before the first second is over it is 0.
    /// </summary>
    public double CpuPercent
    {
        get
        {
            lock (_gate)
            {
                var now = _time.GetTimestamp();
                var span = _time.GetElapsedTime(_readAt, now);
                if (span >= ShortestSpan)
                {
                    var used = _processorTime();
                    _cpuPercent = Math.Max(0, (used - _usedThen) / span * 100);
                    (_readAt, _usedThen) = (now, used);
                }
                return _cpuPercent;
            }
        }
    }

    /// <summary>Why there are no storage figures on this system, or null where there are: then an instrument makes sense.</summary>
    public string? StorageIoUnavailable { get; }

    /// <summary>
    /// Storage traffic of the process since it started; null when it cannot be read. Linux counts what reaches the block
    /// layer, macOS the disk, Windows every read and write including those of pipes and sockets.
    /// </summary>
    public StorageIo? StorageIo => ReadStorageIo(out var io) is null ? io : null;

    /// <summary>Reads the figures of this operating system, or returns why it has none.</summary>
    private static string? ReadStorageIo(out StorageIo io)
    {
        io = default;
        if (OperatingSystem.IsLinux())
            return ReadLinux(out io);
        if (OperatingSystem.IsWindows())
            return ReadWindows(out io);
        if (OperatingSystem.IsMacOS())
            return ReadMacOS(out io);
        return "not available on this operating system";
    }
}
