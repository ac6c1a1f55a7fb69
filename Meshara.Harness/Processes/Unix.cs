using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Meshara.Harness.Processes;

/// <summary>The two POSIX calls that .NET has no name for.</summary>
[UnsupportedOSPlatform("windows")]
internal static class Unix
{
    private const int Sigterm = 15;

    /// <summary>The process id of the parent; 1 (or a subreaper's) once that is gone.</summary>
    public static int ParentId() => GetParentId();

    /// <summary>Asks a process to end, as <c>kill</c> does. Nothing happens when it is gone.</summary>
    public static void Terminate(int processId) => _ = Kill(processId, Sigterm);

    /// <summary>Sends a process a signal by number. Nothing happens when it is gone.</summary>
    public static void Signal(int processId, int signal) => _ = Kill(processId, signal);

    [DllImport("libc", EntryPoint = "getppid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetParentId();

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
