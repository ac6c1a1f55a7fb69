using System.Collections.Concurrent;

namespace Meshara.AppHost.Mesh;

/// <summary>Which process each node is at present.</summary>
internal sealed class NodeProcesses
{
    private readonly ConcurrentDictionary<string, (int Node, int Process)> _running = new();

    /// <summary>The numbers of the running nodes by process id.</summary>
    public IReadOnlyDictionary<int, int> NodesByProcess
    {
        get
        {
            // A process id that is used again may stand there twice for a moment.
            var nodes = new Dictionary<int, int>();
            foreach (var (node, process) in _running.Values)
                nodes[process] = node;
            return nodes;
        }
    }

    /// <summary>True when no node runs.</summary>
    public bool AreAllGone => _running.IsEmpty;

    /// <summary>The process of a node; null while it does not run.</summary>
    public int? Of(string name) => _running.TryGetValue(name, out var entry) ? entry.Process : null;

    /// <summary>A node runs.</summary>
    /// <returns>False when this was known.</returns>
    public bool Enter(string name, int node, int process)
    {
        var isNew = Of(name) != process;
        _running[name] = (node, process);
        return isNew;
    }

    /// <summary>A node's process has ended.</summary>
    /// <returns>False when this was known.</returns>
    public bool Leave(string name, int process) =>
        _running.TryGetValue(name, out var entry) && entry.Process == process && _running.TryRemove(KeyValuePair.Create(name, entry));
}
