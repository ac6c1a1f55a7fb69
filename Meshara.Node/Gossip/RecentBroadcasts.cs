using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Gossip;

/// <summary>
/// The most recent broadcasts in order of arrival, for peers that ask for them, and each peer's position in that list: one
/// number per peer. Limited by count and bytes. At the limit, a sender that uses more than a quarter of either loses its oldest
/// broadcasts before others lose theirs. Safe for concurrent use.
/// </summary>
internal sealed class RecentBroadcasts(int capacity, long maxBytes, TimeSpan lifetime, TimeProvider time)
{
    private const int Shares = 4;

    private readonly Lock _gate = new();
    private readonly Dictionary<ByteString, Broadcast> _byKey = [];

    // A removed broadcast leaves an empty slot until everything before it is gone too.
    private readonly List<Broadcast?> _inOrder = [];
    private readonly Dictionary<NodeAddress, Sent> _senders = [];
    private readonly Dictionary<NodeAddress, long> _told = [];
    private long _dropped;
    private long _bytes;

    // An empty slot costs eight bytes; this bounds how many a flood can leave behind.
    private int MaxPlaces => capacity * 32;

    public void Add(Broadcast broadcast)
    {
        lock (_gate)
        {
            if (!_byKey.TryAdd(broadcast.Key, broadcast))
                return;
            var sender = _senders.GetValueOrDefault(broadcast.Envelope.Sender) ?? (_senders[broadcast.Envelope.Sender] = new Sent());
            sender.Places.Enqueue(_dropped + _inOrder.Count);
            _inOrder.Add(broadcast);
            Count(broadcast, sender, 1);
            while (IsOver && Largest() is { } largest)
                Remove((int)(largest.Places.Peek() - _dropped));
            Trim();
        }
    }

    public bool TryGet(ByteString key, [MaybeNullWhen(false)] out Broadcast broadcast)
    {
        lock (_gate)
            return _byKey.TryGetValue(key, out broadcast);
    }

    /// <summary>The peer has connected or disconnected: it may have missed everything.</summary>
    public void Forget(NodeAddress peer)
    {
        lock (_gate)
        {
            _told.Remove(peer);
            foreach (var broadcast in _byKey.Values)
                broadcast.Forget(peer);
        }
    }

    /// <summary>
    /// Keys to announce to a peer: not announced to it before, not known to be there, and at least <paramref name="age"/> old.
    /// Null if there are none.
    /// </summary>
    /// <param name="peer">The peer to announce to; no key is returned for it twice.</param>
    /// <param name="age">Younger broadcasts may still be on their way to the peer.</param>
    /// <param name="limit">The most keys to return; the rest follows next time.</param>
    public Announce? TakeAnnouncement(NodeAddress peer, TimeSpan age, int limit)
    {
        lock (_gate)
        {
            Announce? announce = null;
            var at = (int)Math.Max(0, _told.GetValueOrDefault(peer) - _dropped);
            for (; at < _inOrder.Count && (announce is null || announce.Keys.Count < limit); at++)
            {
                if (_inOrder[at] is not { } broadcast)
                    continue;
                if (time.GetElapsedTime(broadcast.Arrived) < age)
                    break;
                if (!broadcast.IsKnownTo(peer))
                    (announce ??= new Announce()).Keys.Add(broadcast.Key);
            }
            _told[peer] = _dropped + at;
            return announce;
        }
    }

    /// <summary>True if every broadcast is at least <paramref name="age"/> old.</summary>
    public bool AreAllOlderThan(TimeSpan age)
    {
        lock (_gate)
        {
            Trim();
            return _inOrder.FindLast(broadcast => broadcast is not null) is not { } youngest
                || time.GetElapsedTime(youngest.Arrived) >= age;
        }
    }

    private bool IsOver => _byKey.Count > capacity || _bytes > maxBytes;

    /// <summary>The sender with the most bytes among those above their share; null if none is above it.</summary>
    private Sent? Largest() => _senders.Values
        .Where(sender => sender.Places.Count > capacity / Shares || sender.Bytes > maxBytes / Shares)
        .MaxBy(sender => sender.Bytes);

    private void Trim()
    {
        var drop = 0;
        for (; drop < _inOrder.Count; drop++)
        {
            if (_inOrder[drop] is not { } broadcast)
                continue;
            if (!IsOver && _inOrder.Count - drop <= MaxPlaces && time.GetElapsedTime(broadcast.Arrived) <= lifetime)
                break;
            Remove(drop);
        }
        _inOrder.RemoveRange(0, drop);
        _dropped += drop;
    }

    private void Remove(int place)
    {
        var broadcast = _inOrder[place]!;
        _inOrder[place] = null;
        _byKey.Remove(broadcast.Key);
        var sender = _senders[broadcast.Envelope.Sender];
        sender.Places.Dequeue(); // a sender always loses its oldest broadcast
        Count(broadcast, sender, -1);
        if (sender.Places.Count == 0)
            _senders.Remove(broadcast.Envelope.Sender);
    }

    private void Count(Broadcast broadcast, Sent sender, int sign)
    {
        var bytes = sign * (long)broadcast.Envelope.Wire.Payload.Length;
        _bytes += bytes;
        sender.Bytes += bytes;
    }

    private sealed class Sent
    {
        /// <summary>The positions of its broadcasts, oldest first, counted from the first broadcast ever added.</summary>
        public Queue<long> Places { get; } = new();

        public long Bytes { get; set; }
    }
}
