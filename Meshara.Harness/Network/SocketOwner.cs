using System.Globalization;
using System.Runtime.Versioning;

namespace Meshara.Harness.Network;

/// <summary>
/// Finds the process that dialled a connection on this machine. All connections come from 127.0.0.1, but the kernel lists the inode of
/// every socket and the socket inodes of every process (proc(5), <c>/proc/net/tcp</c>).
/// </summary>
[SupportedOSPlatform("linux")]
internal static class SocketOwner
{
    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <summary>The process among <paramref name="candidates"/> that holds the dialling end of a connection; null if none does.</summary>
    /// <param name="fromPort">Local port of the dialling end.</param>
    /// <param name="toPort">The port that was dialled.</param>
    /// <param name="candidates">Process ids to search.</param>
    public static int? Find(int fromPort, int toPort, IEnumerable<int> candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        if (FindInode(fromPort, toPort) is not { } inode)
            return null;
        var link = $"socket:[{inode}]";
        foreach (var process in candidates)
        {
            if (HoldsDescriptor(process, link))
                return process;
        }

        return null;
    }

    // One line per socket:
    //   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
    //   0: 0100007F:9C40 0100007F:2766 01 00000000:00000000 00:00000000 00000000  1000        0 123456 1 ...
    private static string? FindInode(int fromPort, int toPort)
    {
        var local = string.Create(CultureInfo.InvariantCulture, $":{fromPort:X4}");
        var remote = string.Create(CultureInfo.InvariantCulture, $":{toPort:X4}");
        foreach (var line in Tables.Where(File.Exists).SelectMany(File.ReadLines))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            // Inode 0: the socket is in TIME_WAIT and no process owns it.
            if (fields.Length > 9 && fields[1].EndsWith(local, StringComparison.Ordinal)
                && fields[2].EndsWith(remote, StringComparison.Ordinal) && fields[9] != "0")
                return fields[9];
        }

        return null;
    }

    private static bool HoldsDescriptor(int process, string link)
    {
        try
        {
            return new DirectoryInfo($"/proc/{process}/fd").EnumerateFiles().Any(descriptor => LinkTarget(descriptor) == link);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // The process has ended.
        }
    }

    private static string? LinkTarget(FileInfo descriptor)
    {
        try
        {
            return descriptor.LinkTarget;
        }
        catch (IOException)
        {
            return null; // The descriptor was closed meanwhile.
        }
    }
}
