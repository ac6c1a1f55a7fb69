using System.Globalization;

namespace Meshara.ServiceDefaults;

public sealed partial class ProcessResources
{
    private const string LinuxFile = "/proc/self/io";

    private static string? ReadLinux(out StorageIo io)
    {
        io = default;
        try
        {
            return ParseLinux(File.ReadLines(LinuxFile), out io) ? null : $"{LinuxFile} has no read_bytes and write_bytes";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Kernels without task I/O accounting lack this file; hardened containers deny access to it.
            return $"{LinuxFile} cannot be read: {e.Message}";
        }
    }

    /// <summary>
    /// Parses proc_pid_io(5):
    /// <code>
    /// rchar: 323934931
    /// wchar: 323929600
    /// syscr: 632687
    /// syscw: 632675
    /// read_bytes: 0
    /// write_bytes: 323932160
    /// cancelled_write_bytes: 0
    /// </code>
    /// </summary>
    internal static bool ParseLinux(IEnumerable<string> lines, out StorageIo io)
    {
        long? read = null, written = null;
        foreach (var line in lines)
        {
            read ??= Value(line, "read_bytes: ");
            written ??= Value(line, "write_bytes: ");
        }
        io = new StorageIo(read ?? 0, written ?? 0);
        return read is not null && written is not null;

        static long? Value(string line, string name) =>
            line.StartsWith(name, StringComparison.Ordinal)
            && long.TryParse(line.AsSpan(name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                ? value
                : null;
    }
}
