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
    // TCP_LISTEN.
    private const string Listens = "0A";

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
        var link = Link(inode);
        foreach (var process in candidates)
        {
            if (Descriptors(process).Any(descriptor => descriptor == link))
                return process;
        }

        return null;
    }

    /// <summary>
    /// The processes that hold the dialling ends of many connections. Scanning the descriptors of all processes is the slow part, and this
    /// method does it once.
    /// </summary>
    /// <param name="connections">Local port of the dialling end, and the port that was dialled.</param>
    /// <param name="candidates">Process ids to search.</param>
    public static IReadOnlyDictionary<(int From, int To), int> FindAll(IReadOnlySet<(int From, int To)> connections, IEnumerable<int> candidates)
    {
        ArgumentNullException.ThrowIfNull(connections);
        ArgumentNullException.ThrowIfNull(candidates);
        var wanted = new Dictionary<string, (int From, int To)>();
        foreach (var fields in Tables.Where(File.Exists).SelectMany(File.ReadLines).Select(Fields))
        {
            if (fields.Length > 9 && fields[9] != "0" && (Port(fields[1]), Port(fields[2])) is var connection && connections.Contains(connection))
                wanted[Link(fields[9])] = connection;
        }
        var owners = new Dictionary<(int From, int To), int>();
        foreach (var process in candidates)
        {
            foreach (var descriptor in Descriptors(process))
            {
                if (descriptor is not null && wanted.TryGetValue(descriptor, out var connection))
                    owners[connection] = process;
            }
        }
        return owners;
    }

    /// <summary>True if a process on this machine listens on the port over IPv4.</summary>
    public static bool IsListening(int port)
    {
        var local = PortSuffix(port);
        // The kernel lists listening sockets first. Stop there: with many nodes there are thousands of others, and listing them is slow.
        return File.ReadLines(Tables[0]).Skip(1).Select(Fields)
            .TakeWhile(fields => fields.Length > 3 && fields[3] == Listens)
            .Any(fields => fields[1].EndsWith(local, StringComparison.Ordinal));
    }

    // One line per socket:
    //   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
    //   0: 0100007F:9C40 0100007F:2766 01 00000000:00000000 00:00000000 00000000  1000        0 123456 1 ...
    private static string? FindInode(int fromPort, int toPort)
    {
        var (local, remote) = (PortSuffix(fromPort), PortSuffix(toPort));
        foreach (var line in Tables.Where(File.Exists).SelectMany(File.ReadLines))
        {
            if (!line.Contains(local, StringComparison.Ordinal))
                continue;
            var fields = Fields(line);
            // Inode 0: the socket is in TIME_WAIT and no process owns it.
            if (fields.Length > 9 && fields[1].EndsWith(local, StringComparison.Ordinal)
                && fields[2].EndsWith(remote, StringComparison.Ordinal) && fields[9] != "0")
                return fields[9];
        }

        return null;
    }

    private static string[] Fields(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string PortSuffix(int port) => string.Create(CultureInfo.InvariantCulture, $":{port:X4}");

    private static int Port(string address) =>
        int.TryParse(address.AsSpan(address.LastIndexOf(':') + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var port) ? port : 0;

    private static string Link(string inode) => $"socket:[{inode}]";

    private static List<string?> Descriptors(int process)
    {
        try
        {
            return [.. new DirectoryInfo($"/proc/{process}/fd").EnumerateFiles().Select(LinkTarget)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return []; // The process has ended.
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
