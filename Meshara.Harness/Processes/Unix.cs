using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Meshara.Harness.Processes;

/// <summary>POSIX calls that .NET does not expose.</summary>
[UnsupportedOSPlatform("windows")]
internal static class Unix
{
    private const int Sigterm = 15;
    private const int NetworkNamespace = 0x40000000; // CLONE_NEWNET

    /// <summary>The process id of the parent; 1, or a subreaper's id, once the parent has exited.</summary>
    public static int ParentId() => GetParentId();

    /// <summary>Sends SIGTERM to a process. Does nothing if it has exited.</summary>
    public static void Terminate(int processId) => _ = Kill(processId, Sigterm);

    /// <summary>Sends a signal to a process, by number. Does nothing if it has exited.</summary>
    public static void Signal(int processId, int signal) => _ = Kill(processId, signal);

    /// <summary>Moves the calling thread, and no other, into a network namespace (setns(2)). Requires Linux and root.</summary>
    /// <exception cref="Win32Exception">The kernel refuses it.</exception>
    public static void EnterNetwork(SafeHandle networkNamespace)
    {
        if (EnterNamespace(networkNamespace, NetworkNamespace) != 0)
            throw new Win32Exception();
    }

    /// <summary>The index of a network interface in the calling thread's network namespace.</summary>
    /// <exception cref="Win32Exception">There is no such device.</exception>
    public static int InterfaceIndex(string device) =>
        (int)GetInterfaceIndex(device) is > 0 and var index ? index : throw new Win32Exception();

    [DllImport("libc", EntryPoint = "getppid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetParentId();

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EnterNamespace(SafeHandle file, int kind);

    [DllImport("libc", EntryPoint = "if_nametoindex", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint GetInterfaceIndex([MarshalAs(UnmanagedType.LPUTF8Str)] string device);
}
