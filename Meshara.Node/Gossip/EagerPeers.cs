using Meshara.Node.Identity;

namespace Meshara.Node.Gossip;

/// <summary>The few peers that this node pushes broadcasts to: its links of the tree. Safe for concurrent use.</summary>
internal sealed class EagerPeers
{
    private readonly Lock _gate = new();
    private NodeAddress[] _all = [];

    /// <summary>Those of this moment; the array does not change any more.</summary>
    public NodeAddress[] All => Volatile.Read(ref _all);

    public bool Contains(NodeAddress peer) => Array.IndexOf(All, peer) >= 0;

    /// <summary>Takes a peer in, unless there are <paramref name="limit"/> already.</summary>
    /// <returns>True when the peer is one of them now.</returns>
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

    /// <summary>True when the peer was one of them.</summary>
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
