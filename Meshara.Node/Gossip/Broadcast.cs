using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Gossip;

/// <summary>A recent broadcast, and the peers that are known to have it. Safe for concurrent use.</summary>
internal sealed class Broadcast(ByteString key, Envelope envelope, long arrived)
{
    private readonly Lock _gate = new();
    private readonly HashSet<NodeAddress> _known = [];

    public ByteString Key { get; } = key;

    public Envelope Envelope { get; } = envelope;

    /// <summary>When it came here, as a timestamp of the node's clock.</summary>
    public long Arrived { get; } = arrived;

    /// <summary>The peer has it: it sent it, was pushed it, or announced it.</summary>
    public void Knows(NodeAddress peer)
    {
        lock (_gate)
            _known.Add(peer);
    }

    /// <summary>What was under way to the peer may be lost.</summary>
    public void Forget(NodeAddress peer)
    {
        lock (_gate)
            _known.Remove(peer);
    }

    public bool IsKnownTo(NodeAddress peer)
    {
        lock (_gate)
            return _known.Contains(peer);
    }
}
