using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Meshara.ServiceDefaults;

public sealed partial class ProcessResources
{
    // rusage_info_v2 of <sys/resource.h>: a 16-byte uuid and 18 64-bit numbers, of which the last two are
    // ri_diskio_bytesread and ri_diskio_byteswritten. Native byte order; every Mac that .NET runs on is little-endian.
    private const int RusageInfoV2 = 2;
    private const int RusageInfoV2Size = 160;

    [SupportedOSPlatform("macos")]
    private static string? ReadMacOS(out StorageIo io)
    {
        io = default;
        Span<byte> info = stackalloc byte[RusageInfoV2Size];
        if (ProcPidRusage(Environment.ProcessId, RusageInfoV2, ref MemoryMarshal.GetReference(info)) != 0)
            return $"proc_pid_rusage failed: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}";
        io = new StorageIo(BinaryPrimitives.ReadInt64LittleEndian(info[^16..]), BinaryPrimitives.ReadInt64LittleEndian(info[^8..]));
        return null;
    }

    [LibraryImport("libproc", EntryPoint = "proc_pid_rusage", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ProcPidRusage(int pid, int flavor, ref byte buffer);
}
