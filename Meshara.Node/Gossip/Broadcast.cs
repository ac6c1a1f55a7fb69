using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Gossip;

/// <summary>A recent broadcast, and the peers that may have missed it. Safe for concurrent use.</summary>
internal sealed class Broadcast(ByteString key, Envelope envelope, HashSet<NodeAddress> unsure)
{
    private readonly Lock _gate = new();

    public ByteString Key { get; } = key;

    public Envelope Envelope { get; } = envelope;

    /// <summary>The peer has it: it sent it, was pushed it, or announced it.</summary>
    public void Knows(NodeAddress peer)
    {
        lock (_gate)
            unsure.Remove(peer);
    }

    /// <summary>The peer has just come and may have missed it.</summary>
    public void AnnounceTo(NodeAddress peer)
    {
        lock (_gate)
            unsure.Add(peer);
    }

    /// <summary>True once for each peer that has to be told.</summary>
    public bool TakeAnnouncement(NodeAddress peer)
    {
        lock (_gate)
            return unsure.Remove(peer);
    }
}
