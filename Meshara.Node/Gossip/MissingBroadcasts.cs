using Google.Protobuf;
using Meshara.Node.Identity;

namespace Meshara.Node.Gossip;

/// <summary>
/// Broadcasts that peers announced and this node lacks. Each is requested from one peer at a time, to avoid duplicates, and
/// from the next one if it does not arrive. Safe for concurrent use.
/// </summary>
internal sealed class MissingBroadcasts(int capacity, TimeProvider time)
{
    // Announcers remembered per broadcast; each one that lies or is gone costs a second.
    private const int MaxOthers = 8;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<ByteString, Missing> _missing = [];

    /// <summary>True if the announcing peer should be asked for the broadcast now.</summary>
    public bool Ask(ByteString key, NodeAddress announcer)
    {
        lock (_gate)
        {
            if (_missing.TryGetValue(key, out var missing))
            {
                missing.Add(announcer);
                return false;
            }
            // When full, broadcasts are requested from every announcer: more traffic, but nothing is lost.
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

    /// <summary>
    /// Requests that are overdue or went to a peer that is gone, with the peer to ask next. A broadcast that no other peer
    /// announced is given up.
    /// </summary>
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
        // In order of announcement; those before _next have been asked.
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
