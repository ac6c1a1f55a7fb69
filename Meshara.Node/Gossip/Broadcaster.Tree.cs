using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;

namespace Meshara.Node.Gossip;

/// <summary>The links of the broadcast tree.</summary>
internal sealed partial class Broadcaster
{
    // Changes a link and queues its frame atomically; otherwise a concurrent copy could undo the change to the same link.
    private readonly Lock _tree = new();

    /// <summary>A peer gets its broadcasts from elsewhere and drops this link.</summary>
    public void OnPrune(NodeAddress peer)
    {
        lock (_tree)
            _eager.Remove(peer);
    }

    private void OnGraft(NodeAddress peer, int limit)
    {
        lock (_tree)
        {
            if (!_eager.Add(peer, limit))
                Tell(peer, Prune);
        }
    }

    /// <summary>True if this is the first copy, which makes the link eager; a later copy drops the link it came over.</summary>
    private bool TakeFirst(BroadcastKey key, NodeAddress from)
    {
        lock (_tree)
        {
            if (!_seen.TryAdd(key, 0))
                return false;
            Link(from, int.MaxValue);
            return true;
        }
    }

    /// <summary>A new peer may have missed everything and need a link.</summary>
    private void OnConnected(PeerConnection connection)
    {
        _recent.Forget(connection.Peer);
        _unannounced = true;
        lock (_tree)
        {
            _eager.Remove(connection.Peer); // the other end of a new connection knows of no link
            Link(connection.Peer, _options.Fanout);
        }
    }

    /// <summary>The tree may have split with the lost link; a new link usually repairs it before the next broadcast.</summary>
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
        lock (_tree)
        {
            if (!_eager.Contains(peer) && _eager.Add(peer, limit))
                Tell(peer, Graft);
        }
    }

    private void Unlink(NodeAddress peer)
    {
        lock (_tree)
        {
            _eager.Remove(peer);
            Tell(peer, Prune);
        }
    }

    private void LinkToAnyone(int count)
    {
        var others = _swarm.Connections.Where(connection => connection.IsOpen && !_eager.Contains(connection.Peer)).ToArray();
        Chance.Random.Shuffle(others);
        foreach (var other in others.Take(count))
            Link(other.Peer, int.MaxValue);
    }

    private void Tell(NodeAddress peer, Frame frame) => _links.Writer.TryWrite((peer, frame));

    private async Task TellAsync(CancellationToken stopping)
    {
        await foreach (var (peer, frame) in _links.Reader.ReadEachAsync(stopping))
        {
            if (_swarm.TryGet(peer, out var connection))
                connection.TrySendUrgent(frame);
        }
    }
}
