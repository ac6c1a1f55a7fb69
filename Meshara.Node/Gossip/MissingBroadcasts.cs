using Google.Protobuf;
using Meshara.Node.Identity;

namespace Meshara.Node.Gossip;

/// <summary>
/// Broadcasts that peers announced and this node lacks: each is asked of one peer at a time, so that it does not come many
/// times, and of another one when it does not come. Safe for concurrent use.
/// </summary>
internal sealed class MissingBroadcasts(int capacity, TimeProvider time)
{
    // Of those that have announced the same broadcast so many are remembered: one that lies, or is gone, costs a second.
    private const int MaxOthers = 8;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<ByteString, Missing> _missing = [];

    /// <summary>True when the peer, which has announced the broadcast, is the one to ask for it now.</summary>
    public bool Ask(ByteString key, NodeAddress announcer)
    {
        lock (_gate)
        {
            if (_missing.TryGetValue(key, out var missing))
            {
                missing.Add(announcer);
                return false;
            }
            // What does not fit is asked of everybody who has it: more traffic, but nothing is lost.
            if (_missing.Count < capacity)
                _missing[key] = new Missing(announcer, time.GetTimestamp());
            return true;
        }
    }

    public void Arrived(ByteString key)
    {
        lock (_gate)
            _missing.Remove(key);
    }

    /// <summary>What did not come in time, or was asked of a peer that is gone, with the peer to ask next. What nobody else has announced is given up.</summary>
    public List<(NodeAddress Peer, ByteString Key)> TakeOverdue(Func<NodeAddress, bool> isConnected)
    {
        var again = new List<(NodeAddress, ByteString)>();
        lock (_gate)
        {
            foreach (var (key, missing) in _missing)
            {
                if (isConnected(missing.Asked) && time.GetElapsedTime(missing.At) < Patience)
                    continue;
                if (missing.AskNext(isConnected, time.GetTimestamp()))
                    again.Add((missing.Asked, key));
                else
                    _missing.Remove(key);
            }
        }
        return again;
    }

    private sealed class Missing(NodeAddress first, long now)
    {
        // In the order in which they announced it; those before _next have been asked.
        private readonly List<NodeAddress> _announcers = [first];
        private int _next = 1;

        public NodeAddress Asked => _announcers[_next - 1];

        public long At { get; private set; } = now;

        public void Add(NodeAddress announcer)
        {
            if (_announcers.Count <= MaxOthers && !_announcers.Contains(announcer))
                _announcers.Add(announcer);
        }

        public bool AskNext(Func<NodeAddress, bool> isConnected, long now)
        {
            At = now;
            while (_next < _announcers.Count)
            {
                if (isConnected(_announcers[_next++]))
                    return true;
            }
            return false;
        }
    }
}
