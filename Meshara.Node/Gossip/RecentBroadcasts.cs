using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Gossip;

/// <summary>
/// The last broadcasts in the order in which they came, for peers that ask for them, and how far down that list each peer
/// has been told of them: one number a peer, however many there are. Bounded by number and bytes: a sender that has more than a quarter
/// of either loses its oldest before others lose theirs. Safe for concurrent use.
/// </summary>
internal sealed class RecentBroadcasts(int capacity, long maxBytes, TimeSpan lifetime, TimeProvider time)
{
    private const int Shares = 4;

    private readonly Lock _gate = new();
    private readonly Dictionary<ByteString, Broadcast> _byKey = [];

    // A place stays, without its broadcast, until all before it are gone, too.
    private readonly List<Broadcast?> _inOrder = [];
    private readonly Dictionary<NodeAddress, Sent> _senders = [];
    private readonly Dictionary<NodeAddress, long> _told = [];
    private long _dropped;
    private long _bytes;

    // Empty places cost eight bytes each; however many a flood leaves behind, there is an end.
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

    /// <summary>The peer has come or gone: when it is there again it may have missed everything.</summary>
    public void Forget(NodeAddress peer)
    {
        lock (_gate)
        {
            _told.Remove(peer);
            foreach (var broadcast in _byKey.Values)
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

    /// <summary>True when everything there is came <paramref name="age"/> ago or earlier.</summary>
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

    /// <summary>The sender that has most bytes of those that have more than their share; null when none has.</summary>
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
        sender.Places.Dequeue(); // it is always its sender's oldest that goes
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
        /// <summary>Where its broadcasts are, oldest first, counted from the first there ever was.</summary>
        public Queue<long> Places { get; } = new();

        public long Bytes { get; set; }
    }
}
