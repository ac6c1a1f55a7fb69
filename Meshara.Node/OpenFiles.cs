using System.Runtime.InteropServices;

namespace Meshara.Node;

/// <summary>The limit on open files of this process, sockets included (RLIMIT_NOFILE, getrlimit(2)).</summary>
internal static partial class OpenFiles
{
    // <sys/resource.h> of Linux and of the BSDs, and the most that macOS takes (OPEN_MAX).
    private const int LinuxResource = 7, BsdResource = 8, MacOSLimit = 10_240;

    /// <summary>Raises the soft limit to the hard limit, as far as possible.</summary>
    /// <returns>The limit; <see cref="int.MaxValue"/> if there is none or it cannot be read.</returns>
    public static int RaiseLimit()
    {
        // rlim_t has 64 bits on every 64-bit Unix.
        if (OperatingSystem.IsWindows() || !Environment.Is64BitProcess)
            return int.MaxValue;
        var resource = OperatingSystem.IsLinux() ? LinuxResource : BsdResource;
        if (GetLimit(resource, out var limit) != 0)
            return int.MaxValue;
        var wanted = limit with { Soft = OperatingSystem.IsMacOS() ? Math.Min(limit.Hard, MacOSLimit) : limit.Hard };
        if (wanted.Soft > limit.Soft && SetLimit(resource, in wanted) == 0)
            limit = wanted;
        return (int)Math.Min(limit.Soft, int.MaxValue);
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetLimit(int resource, in Limit limit);

    private readonly record struct Limit(ulong Soft, ulong Hard);
}
