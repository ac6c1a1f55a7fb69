using System.Runtime.InteropServices;
using System.Text;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>
/// Identifies the file that a path leads to. After a file was removed or replaced, or its volume remounted, an open handle
/// leads to another file than its path. Known on Linux only; elsewhere all files count as the same.
/// </summary>
internal readonly partial record struct FileIdentity(ulong Device, ulong Inode)
{
    // https://man7.org/linux/man-pages/man2/statx.2.html: the offsets are those of the kernel's interface, the same on every architecture.
    private const int CurrentDirectory = -100, InodeMask = 0x100;
    private const int InodeOffset = 32, DeviceOffset = 136, BufferSize = 256;

    /// <summary>Encodes a path for the system call, once, since it is looked up after every commit.</summary>
    public static byte[] Prepare(string path) => Encoding.UTF8.GetBytes(path + '\0');

    /// <summary>Null if there is no such file, or it cannot be reached.</summary>
    public static FileIdentity? Of(ReadOnlySpan<byte> preparedPath)
    {
        if (!OperatingSystem.IsLinux())
            return default(FileIdentity);
        Span<byte> buffer = stackalloc byte[BufferSize];
        if (Statx(CurrentDirectory, preparedPath, 0, InodeMask, buffer) != 0)
            return null;
        return new FileIdentity(MemoryMarshal.Read<ulong>(buffer[DeviceOffset..]), MemoryMarshal.Read<ulong>(buffer[InodeOffset..]));
    }

    [LibraryImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int directory, ReadOnlySpan<byte> path, int flags, uint mask, Span<byte> buffer);
}
