namespace Meshara.Harness;

/// <summary>
/// A port scheme that no other process of this user gets while the lease is held. A port that looks free may belong to a node that is
/// about to start, or was killed and will restart; the lease keeps others from taking it. It ends with the process at the latest.
/// </summary>
internal sealed class PortLease : IDisposable
{
    // The lock is the open file: the operating system closes it when the process ends for any reason. The files are never deleted, because
    // then a second process could lock a new file of the same name.
    internal static readonly string Folder = Path.Combine(Path.GetTempPath(), $"meshara-ports-{Environment.UserName}");

    // Keeps undisposed leases reachable; otherwise the file's finalizer would release them.
    private static readonly HashSet<PortLease> Held = [];

    private readonly FileStream? _lock;

    private PortLease(StackPorts ports, FileStream? file)
    {
        Ports = ports;
        _lock = file;
        lock (Held)
            Held.Add(this);
    }

    /// <summary>The ports.</summary>
    public StackPorts Ports { get; }

    /// <summary>Takes the ports starting at <paramref name="portBase"/>.</summary>
    /// <returns>Null if another lease holds them.</returns>
    public static PortLease? TryTake(int portBase)
    {
        var ports = StackPorts.From(portBase);
        try
        {
            Directory.CreateDirectory(Folder);
            return new PortLease(ports, new FileStream(Path.Combine(Folder, $"{portBase}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException)
        {
            return new PortLease(ports, null); // the folder is not writable: go without a lock
        }
        catch (IOException)
        {
            return Directory.Exists(Folder) ? null : new PortLease(ports, null);
        }
    }

    public void Dispose()
    {
        _lock?.Dispose();
        lock (Held)
            Held.Remove(this);
    }
}
