using System.Globalization;

namespace Meshara.ServiceDefaults;

public sealed partial class ProcessResources
{
    private const string ControlGroups = "/sys/fs/cgroup";

    /// <summary>
    /// Memory available to the process, in bytes: the machine's memory or its container's limit, whichever is lower. The
    /// runtime's own figure (<see cref="GCMemoryInfo.TotalAvailableMemoryBytes"/>) is the heap's limit, three quarters of a
    /// container's.
    /// </summary>
    public long MemoryLimitBytes { get; } = OperatingSystem.IsLinux()
        ? Math.Min(MachineMemory(), ControlGroupLimit(ControlGroups, ReadLines("/proc/self/cgroup")) ?? long.MaxValue)
        : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>
    /// The lowest limit of a process's control groups and their ancestors, null if there is none. See cgroups(7): version 2
    /// (<c>0::/system.slice/meshara.service</c>) and the memory controller of version 1 (<c>5:memory:/docker/…</c>).
    /// </summary>
    internal static long? ControlGroupLimit(string root, IEnumerable<string> membership)
    {
        long? least = null;
        foreach (var line in membership)
        {
            if (line.Split(':', 3) is not [_, var controllers, var path])
                continue;
            var (top, file) = controllers.Length == 0 ? (root, "memory.max") : (Path.Combine(root, "memory"), "memory.limit_in_bytes");
            if (controllers.Length > 0 && !controllers.Split(',').Contains("memory"))
                continue;
            // Inside a container the path may be the one seen outside; the limit is then found at the root that the container sees.
            for (var group = path.Trim('/'); ; group = Path.GetDirectoryName(group) ?? "")
            {
                if (ReadLines(Path.Combine(top, group, file)) is [var text, ..] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit))
                    least = Math.Min(least ?? long.MaxValue, limit);
                if (group.Length == 0)
                    break;
            }
        }
        return least;
    }

    private static long MachineMemory()
    {
        // MemTotal:       24633276 kB
        var total = ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith("MemTotal:", StringComparison.Ordinal));
        return total is not null && long.TryParse(total.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], NumberStyles.None, CultureInfo.InvariantCulture, out var kilobytes)
            ? kilobytes * 1024
            : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // a group without a limit has no file; a hardened container may deny access to it
        }
    }
}
