namespace Meshara.ServiceDefaults;

/// <summary>Resource use of this process, as the operating system reports it: memory, processor time and storage traffic.</summary>
public sealed partial class ProcessResources
{
    /// <summary>
    /// The shortest time that a CPU figure covers. Scrapes and health requests read independently; two in quick succession would
    /// otherwise measure a span too short for the system's accounting ticks.
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
    /// Processor time since the last reading in percent of one core: two busy cores are 200. Readings less than a second apart
    /// return the same figure; it is 0 during the first second.
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

    /// <summary>Why storage figures are unavailable on this system; null if they are available.</summary>
    public string? StorageIoUnavailable { get; }

    /// <summary>
    /// Storage traffic of the process since it started; null when it cannot be read. Linux counts what reaches the block
    /// layer, macOS the disk, Windows every read and write including those of pipes and sockets.
    /// </summary>
    public StorageIo? StorageIo => ReadStorageIo(out var io) is null ? io : null;

    /// <summary>Reads this operating system's figures; returns why they are unavailable, or null.</summary>
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
