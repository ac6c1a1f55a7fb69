using Meshara.Node.Identity;

namespace Meshara.Node.Gossip;

/// <summary>The few peers that this node pushes broadcasts to: its links in the tree. Safe for concurrent use.</summary>
internal sealed class EagerPeers
{
    private readonly Lock _gate = new();
    private NodeAddress[] _all = [];

    /// <summary>A snapshot; the array is never modified.</summary>
    public NodeAddress[] All => Volatile.Read(ref _all);

    public bool Contains(NodeAddress peer) => Array.IndexOf(All, peer) >= 0;

    /// <summary>Adds a peer unless there are <paramref name="limit"/> already.</summary>
    /// <returns>True if the peer is now one of them.</returns>
    public bool Add(NodeAddress peer, int limit)
    {
        lock (_gate)
        {
            if (Contains(peer))
                return true;
            if (_all.Length >= limit)
                return false;
            Volatile.Write(ref _all, [.. _all, peer]);
            return true;
        }
    }

    /// <summary>True if the peer was one of them.</summary>
    public bool Remove(NodeAddress peer)
    {
        lock (_gate)
        {
            if (!Contains(peer))
                return false;
            Volatile.Write(ref _all, [.. _all.Where(other => other != peer)]);
            return true;
        }
    }
}
