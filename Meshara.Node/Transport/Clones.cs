using Meshara.Node.Identity;

namespace Meshara.Node.Transport;

/// <summary>
/// Identities, of this node or of peers, that two programs used at the same time, for example because a data folder was copied
/// and both copies run.
/// </summary>
/// <param name="self">This node's address.</param>
/// <param name="memory">
/// How long after the last sign a clone is still reported; longer than the pauses after which a refused clone returns.
/// </param>
/// <param name="time">The clock.</param>
/// <param name="logger">The transport's logger.</param>
internal sealed partial class Clones(NodeAddress self, TimeSpan memory, TimeProvider time, ILogger logger)
{
    private readonly RepeatedFailures _said = new(time);
    private readonly Lock _gate = new();
    private readonly Dictionary<NodeAddress, long> _seen = [];

    /// <summary>1 while another program uses this node's identity, otherwise 0.</summary>
    public int Own => Count(address => address == self);

    /// <summary>Number of peers whose identity is used by two programs.</summary>
    public int Peers => Count(address => address != self);

    /// <summary>Notes that another program uses this node's identity.</summary>
    /// <param name="remote">Where that program was seen, or what showed it.</param>
    public void NoteOwn(string remote)
    {
        Note(self);
        if (_said.IsDue("own", out _))
            Log.Cloned(logger, remote);
    }

    /// <summary>Notes that two programs use a peer's identity.</summary>
    /// <param name="peer">The peer's address.</param>
    /// <param name="remote">The endpoint of the program that stays connected.</param>
    /// <param name="other">The endpoint of the other program.</param>
    public void NotePeer(NodeAddress peer, string remote, string other)
    {
        Note(peer);
        if (_said.IsDue(peer.ToString(), out _))
            Log.PeerCloned(logger, peer, remote, other);
    }

    private void Note(NodeAddress address)
    {
        lock (_gate)
        {
            Forget();
            _seen[address] = time.GetTimestamp();
        }
    }

    private int Count(Func<NodeAddress, bool> counts)
    {
        lock (_gate)
        {
            Forget();
            return _seen.Keys.Count(counts);
        }
    }

    private void Forget()
    {
        foreach (var (address, at) in _seen)
        {
            if (time.GetElapsedTime(at) > memory)
                _seen.Remove(address);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "IdentityCloned", Level = LogLevel.Warning,
            Message = "Another program runs with this node's identity, as {remote} shows: its data folder was copied. Messages go to one of the two. "
                + "Stop one; if both are to run, move identity.key and messages.db of one away, so that it gets an address of its own")]
        public static partial void Cloned(ILogger logger, string remote);

        [LoggerMessage(EventName = "PeerCloned", Level = LogLevel.Warning,
            Message = "Two programs run with the identity of {peer}, at {remote} and at {other}: its data folder was copied. The first stays connected; tell its operator to stop one")]
        public static partial void PeerCloned(ILogger logger, NodeAddress peer, string remote, string other);
    }
}
