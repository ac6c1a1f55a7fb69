using System.Runtime.InteropServices;

namespace Meshara.Node;

/// <summary>
/// Keeps the memory of a node that crashes, with its keys and messages, off the disk. A dump that an operator asks .NET for
/// (<c>DOTNET_DbgEnableMiniDump</c>, <c>dotnet-dump</c>) is not affected.
/// </summary>
internal static partial class CoreDumps
{
    // RLIMIT_CORE in <sys/resource.h> of Linux and of the BSDs.
    private const int Resource = 4;

    private const string Filter = "/proc/self/coredump_filter";

    /// <summary>Lets the kernel write no core file, and no memory into the dump that it pipes to a program (core(5)).</summary>
    public static void Forbid()
    {
        if (OperatingSystem.IsWindows() || !Environment.Is64BitProcess)
            return;
        // Always allowed; a failure leaves the limit of the shell or of the unit.
        _ = SetLimit(Resource, default);
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            // The limit does not hold for a program that the kernel pipes dumps to.
            File.WriteAllText(Filter, "0");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A kernel without core dumps has no such file.
        }
    }

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetLimit(int resource, in Limit limit);

    private readonly record struct Limit(ulong Soft, ulong Hard);
}
