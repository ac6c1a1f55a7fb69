using System.Globalization;

namespace Meshara.Harness.Processes;

/// <summary>
/// A wall clock of their own for processes, which can be set while they run, by libfaketime (Debian: <c>apt-get install faketime</c>). The
/// monotonic clock, timers and the times of files stay as they are.
/// </summary>
internal sealed class FakeClock
{
    /// <summary>Why there can be none, where there can be none.</summary>
    public const string Missing = "libfaketime is not installed (apt-get install faketime)";

    // The variant for programs with threads.
    private const string LibraryName = "libfaketimeMT.so.1";
    private const string SharedMemory = "/dev/shm";
    private static readonly string[] Folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];

    private readonly string _file;
    private TimeSpan _offset;

    /// <param name="file">Where the library reads the clock from; it is created.</param>
    /// <param name="offset">By how much the clock is ahead.</param>
    /// <exception cref="StackException">libfaketime is not installed.</exception>
    public FakeClock(string file, TimeSpan offset)
    {
        _file = file;
        Offset = offset;
        Environment = new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = Find() ?? throw new StackException($"{Missing}."),
            ["FAKETIME_TIMESTAMP_FILE"] = file,
            ["FAKETIME_CACHE_DURATION"] = "1", // seconds until a clock that was set is seen
            ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
            // With Debian's default, 1, waits of .NET that have a time limit return at once: they are by the monotonic clock, and the
            // library turns their end into a time of the wall clock.
            ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
            ["NO_FAKE_STAT"] = "1",
        };
    }

    /// <summary>True where libfaketime is installed.</summary>
    public static bool IsInstalled => Find() is not null;

    /// <summary>What a process needs in its environment to have this clock.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>By how much the clock is ahead of the machine's; seen by the processes within a second or two.</summary>
    public TimeSpan Offset
    {
        get => _offset;
        set
        {
            _offset = value;
            EndpointsFile.WriteAtomically(_file, value.TotalSeconds.ToString("+0.###;-0.###;+0", CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Removes what the library has made for a process and would leave behind; once the process runs it needs no name.</summary>
    public static void Tidy(int processId)
    {
        File.Delete(string.Create(CultureInfo.InvariantCulture, $"{SharedMemory}/faketime_shm_{processId}"));
        File.Delete(string.Create(CultureInfo.InvariantCulture, $"{SharedMemory}/sem.faketime_sem_{processId}"));
    }

    // Debian has it in a folder of its architecture, others have one for all.
    private static string? Find() => Folders
        .Where(Directory.Exists)
        .SelectMany(folder => Directory.GetDirectories(folder, "*-linux-gnu*").Append(folder))
        .Select(folder => Path.Combine(folder, "faketime", LibraryName))
        .FirstOrDefault(File.Exists);
}
