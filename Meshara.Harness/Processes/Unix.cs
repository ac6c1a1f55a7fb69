using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Meshara.Harness.Processes;

/// <summary>POSIX calls that .NET does not expose.</summary>
[UnsupportedOSPlatform("windows")]
internal static class Unix
{
    private const int Sigterm = 15;

    /// <summary>The process id of the parent; 1, or a subreaper's id, once the parent has exited.</summary>
    public static int ParentId() => GetParentId();

    /// <summary>Sends SIGTERM to a process. Does nothing if it has exited.</summary>
    public static void Terminate(int processId) => _ = Kill(processId, Sigterm);

    /// <summary>Sends a signal to a process, by number. Does nothing if it has exited.</summary>
    public static void Signal(int processId, int signal) => _ = Kill(processId, signal);

    [DllImport("libc", EntryPoint = "getppid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetParentId();

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
