using Google.Protobuf;
using Meshara.Node.Identity;

namespace Meshara.Node.Gossip;

/// <summary>
/// Broadcasts that peers announced and this node lacks: each is asked of one peer at a time, so that it does not come many
/// times, and of another one when it does not come. Safe for concurrent use.
/// </summary>
internal sealed class MissingBroadcasts(int capacity, TimeProvider time)
{
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
                missing.Others.Enqueue(announcer);
                return false;
            }
            // What does not fit is asked of everybody who has it: more traffic, but nothing is lost.
            if (_missing.Count < capacity)
                _missing[key] = new Missing { Asked = announcer, At = time.GetTimestamp() };
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
                if (missing.Next(isConnected) is not { } next)
                {
                    _missing.Remove(key);
                    continue;
                }
                missing.Asked = next;
                missing.At = time.GetTimestamp();
                again.Add((next, key));
            }
        }
        return again;
    }

    private sealed class Missing
    {
        public required NodeAddress Asked { get; set; }

        public required long At { get; set; }

        /// <summary>Who has announced it since.</summary>
        public Queue<NodeAddress> Others { get; } = new();

        public NodeAddress? Next(Func<NodeAddress, bool> isConnected)
        {
            while (Others.TryDequeue(out var next))
            {
                if (isConnected(next))
                    return next;
            }
            return null;
        }
    }
}
