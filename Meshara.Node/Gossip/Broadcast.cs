using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Gossip;

/// <summary>A recent broadcast and the peers known to have it. Safe for concurrent use.</summary>
internal sealed class Broadcast(ByteString key, Envelope envelope, long arrived)
{
    private readonly Lock _gate = new();
    private readonly HashSet<NodeAddress> _known = [];

    public ByteString Key { get; } = key;

    public Envelope Envelope { get; } = envelope;

    /// <summary>When it arrived here, as a timestamp of the node's clock.</summary>
    public long Arrived { get; } = arrived;

    /// <summary>The peer has it: the peer sent it, received a push of it, or announced it.</summary>
    public void Knows(NodeAddress peer)
    {
        lock (_gate)
            _known.Add(peer);
    }

    /// <summary>A push that was on its way to the peer may be lost.</summary>
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
