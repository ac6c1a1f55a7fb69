namespace Meshara.Harness;

/// <summary>
/// A port scheme that no other process of this user is given as long as the lease is held. A port that looks free may belong to a node
/// that is about to start, or that was killed and comes back; the lease keeps others from it. It ends with the process at the latest.
/// </summary>
internal sealed class PortLease : IDisposable
{
    // The lock is the open file, which the system closes when the process ends, however it ends. The files themselves stay: to delete one
    // would let a second process lock a new file of the same name.
    internal static readonly string Folder = Path.Combine(Path.GetTempPath(), $"meshara-ports-{Environment.UserName}");

    // A lease that nobody disposes must not be given up by the finalizer of its file.
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

    /// <summary>Takes the ports from <paramref name="portBase"/> on.</summary>
    /// <returns>Null when another lease has them.</returns>
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
            return new PortLease(ports, null); // a folder that cannot be written: a range that looks free has to do
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
