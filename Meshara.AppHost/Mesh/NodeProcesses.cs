using System.Collections.Concurrent;

namespace Meshara.AppHost.Mesh;

/// <summary>Tracks the process of each running node.</summary>
internal sealed class NodeProcesses
{
    private readonly ConcurrentDictionary<string, (int Node, int Process)> _running = new();

    /// <summary>Indices of the running nodes by process id.</summary>
    public IReadOnlyDictionary<int, int> NodesByProcess
    {
        get
        {
            // A reused process id may be listed twice for a moment, so ToDictionary could throw.
            var nodes = new Dictionary<int, int>();
            foreach (var (node, process) in _running.Values)
                nodes[process] = node;
            return nodes;
        }
    }

    /// <summary>True if no node is running.</summary>
    public bool AreAllGone => _running.IsEmpty;

    /// <summary>The process id of a node; null if it is not running.</summary>
    public int? Of(string name) => _running.TryGetValue(name, out var entry) ? entry.Process : null;

    /// <summary>Records that a node is running.</summary>
    /// <returns>False if this process was already recorded.</returns>
    public bool Enter(string name, int node, int process)
    {
        var isNew = Of(name) != process;
        _running[name] = (node, process);
        return isNew;
    }

    /// <summary>Records that a node's process has ended.</summary>
    /// <returns>False if its end was already recorded.</returns>
    public bool Leave(string name, int process) =>
        _running.TryGetValue(name, out var entry) && entry.Process == process && _running.TryRemove(KeyValuePair.Create(name, entry));
}
