using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Gossip;

/// <summary>
/// The last broadcasts in the order in which they came, for peers that ask for them, and how far down that list each peer
/// has been told of them: one number a peer, however many there are. Safe for concurrent use.
/// </summary>
internal sealed class RecentBroadcasts(int capacity, TimeSpan lifetime, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ByteString, Broadcast> _byKey = [];
    private readonly List<Broadcast> _inOrder = [];
    private readonly Dictionary<NodeAddress, long> _told = [];
    private long _dropped;

    public void Add(Broadcast broadcast)
    {
        lock (_gate)
        {
            Trim();
            if (_byKey.TryAdd(broadcast.Key, broadcast))
                _inOrder.Add(broadcast);
        }
    }

    public bool TryGet(ByteString key, [MaybeNullWhen(false)] out Broadcast broadcast)
    {
        lock (_gate)
            return _byKey.TryGetValue(key, out broadcast);
    }

    /// <summary>The peer has come or gone: when it is there again it may have missed everything.</summary>
    public void Forget(NodeAddress peer)
    {
        lock (_gate)
        {
            _told.Remove(peer);
            foreach (var broadcast in _inOrder)
                broadcast.Forget(peer);
        }
    }

    /// <summary>What a peer has not been told of, does not have as far as is known, and came <paramref name="age"/> ago or earlier; null when that is nothing.</summary>
    /// <param name="peer">Who will be told; the same is not returned for it again.</param>
    /// <param name="age">What is younger may still be on its way to the peer.</param>
    /// <param name="limit">Keys at the most; the rest comes the next time.</param>
    public Announce? TakeAnnouncement(NodeAddress peer, TimeSpan age, int limit)
    {
        lock (_gate)
        {
            Announce? announce = null;
            var at = (int)Math.Max(0, _told.GetValueOrDefault(peer) - _dropped);
            for (; at < _inOrder.Count && time.GetElapsedTime(_inOrder[at].Arrived) >= age && (announce is null || announce.Keys.Count < limit); at++)
            {
                if (!_inOrder[at].IsKnownTo(peer))
                    (announce ??= new Announce()).Keys.Add(_inOrder[at].Key);
            }
            _told[peer] = _dropped + at;
            return announce;
        }
    }

    /// <summary>True when everything there is came <paramref name="age"/> ago or earlier.</summary>
    public bool AreAllOlderThan(TimeSpan age)
    {
        lock (_gate)
        {
            Trim();
            return _inOrder.Count == 0 || time.GetElapsedTime(_inOrder[^1].Arrived) >= age;
        }
    }

    private void Trim()
    {
        var drop = Math.Max(0, _inOrder.Count - capacity);
        while (drop < _inOrder.Count && time.GetElapsedTime(_inOrder[drop].Arrived) > lifetime)
            drop++;
        if (drop == 0)
            return;
        foreach (var broadcast in _inOrder.Take(drop))
            _byKey.Remove(broadcast.Key);
        _inOrder.RemoveRange(0, drop);
        _dropped += drop;
    }
}
