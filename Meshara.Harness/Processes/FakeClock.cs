using System.Globalization;

namespace Meshara.Harness.Processes;

/// <summary>
/// A wall clock for child processes that can be set while they run, through libfaketime (Debian: <c>apt-get install faketime</c>). The
/// monotonic clock, timers and file times are not affected.
/// </summary>
internal sealed class FakeClock
{
    /// <summary>The error message if libfaketime is not installed.</summary>
    public const string Missing = "libfaketime is not installed (apt-get install faketime)";

    // The variant for multithreaded programs.
    private const string LibraryName = "libfaketimeMT.so.1";
    private const string SharedMemory = "/dev/shm";
    private static readonly string[] Folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];

    private readonly string _file;
    private TimeSpan _offset;

    /// <param name="file">The file from which the library reads the offset; it is created.</param>
    /// <param name="offset">How far the clock is ahead.</param>
    /// <exception cref="StackException">libfaketime is not installed.</exception>
    public FakeClock(string file, TimeSpan offset)
    {
        _file = file;
        Offset = offset;
        Environment = new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = Find() ?? throw new StackException($"{Missing}."),
            ["FAKETIME_TIMESTAMP_FILE"] = file,
            ["FAKETIME_CACHE_DURATION"] = "1", // seconds until processes see a new offset
            ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
            // With Debian's default, 1, .NET's timed waits return at once: they use the monotonic clock, but the library converts their
            // deadline to wall-clock time.
            ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
            ["NO_FAKE_STAT"] = "1",
        };
    }

    /// <summary>True if libfaketime is installed.</summary>
    public static bool IsInstalled => Find() is not null;

    /// <summary>The environment variables that give a process this clock.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>How far the clock is ahead of the machine's. Processes see a change within one or two seconds.</summary>
    public TimeSpan Offset
    {
        get => _offset;
        set
        {
            _offset = value;
            EndpointsFile.WriteAtomically(_file, value.TotalSeconds.ToString("+0.###;-0.###;+0", CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Removes the shared memory and semaphore that the library leaves behind. A running process no longer needs them.</summary>
    public static void Tidy(int processId)
    {
        File.Delete(string.Create(CultureInfo.InvariantCulture, $"{SharedMemory}/faketime_shm_{processId}"));
        File.Delete(string.Create(CultureInfo.InvariantCulture, $"{SharedMemory}/sem.faketime_sem_{processId}"));
    }

    // Debian installs it in an architecture-specific folder, other distributions in a common one.
    private static string? Find() => Folders
        .Where(Directory.Exists)
        .SelectMany(folder => Directory.GetDirectories(folder, "*-linux-gnu*").Append(folder))
        .Select(folder => Path.Combine(folder, "faketime", LibraryName))
        .FirstOrDefault(File.Exists);
}
