using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Meshara.ServiceDefaults;

public sealed partial class ProcessResources
{
    [SupportedOSPlatform("windows")]
    private static string? ReadWindows(out StorageIo io)
    {
        io = default;
        if (!GetProcessIoCounters(GetCurrentProcess(), out var counters))
            return $"GetProcessIoCounters failed: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}";
        io = new StorageIo((long)counters.ReadTransferCount, (long)counters.WriteTransferCount);
        return null;
    }

    // A pseudo handle that needs no closing.
    [LibraryImport("kernel32.dll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint GetCurrentProcess();

    [LibraryImport("kernel32.dll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetProcessIoCounters(nint process, out IoCounters counters);

    /// <summary>IO_COUNTERS of winnt.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct IoCounters
    {
        public ulong ReadOperationCount;
        public ulong WriteOperationCount;
        public ulong OtherOperationCount;
        public ulong ReadTransferCount;
        public ulong WriteTransferCount;
        public ulong OtherTransferCount;
    }
}
