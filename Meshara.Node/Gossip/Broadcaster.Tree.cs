using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;

namespace Meshara.Node.Gossip;

/// <summary>The links of the tree that broadcasts take.</summary>
internal sealed partial class Broadcaster
{
    /// <summary>A peer has broadcasts from elsewhere.</summary>
    public void OnPrune(NodeAddress peer) => _eager.Remove(peer);

    /// <summary>A new peer may have missed everything, and need a link.</summary>
    private void OnConnected(PeerConnection connection)
    {
        _recent.Forget(connection.Peer);
        _unannounced = true;
        _eager.Remove(connection.Peer); // a new connection: the other end knows nothing of a link
        Link(connection.Peer, _options.Fanout);
    }

    /// <summary>With a link the tree may have fallen apart: another one most likely mends it before the next broadcast.</summary>
    private void OnDisconnected(PeerConnection connection)
    {
        _recent.Forget(connection.Peer);
        Mend();
    }

    private void Mend()
    {
        var all = _eager.All;
        foreach (var peer in all)
        {
            if (!_swarm.TryGet(peer, out _) && _eager.Remove(peer))
                LinkToAnyone(1);
        }
        if (all.Length == 0)
            LinkToAnyone(_options.Fanout);
    }

    private void Link(NodeAddress peer, int limit)
    {
        if (!_eager.Contains(peer) && _eager.Add(peer, limit))
            Tell(peer, Graft);
    }

    private void LinkToAnyone(int count)
    {
        var others = _swarm.Connections.Where(connection => connection.IsOpen && !_eager.Contains(connection.Peer)).ToArray();
        Random.Shared.Shuffle(others);
        foreach (var other in others.Take(count))
            Link(other.Peer, int.MaxValue);
    }

    private void Tell(NodeAddress peer, Frame frame) => _links.Writer.TryWrite((peer, frame));

    private async Task TellAsync(CancellationToken stopping)
    {
        await foreach (var (peer, frame) in _links.Reader.ReadAllAsync(stopping))
        {
            if (_swarm.TryGet(peer, out var connection))
                connection.TrySendUrgent(frame);
        }
    }
}
