namespace Meshara.Node.Clocks;

/// <summary>A node's clock as stored across restarts.</summary>
/// <param name="Steady">The node's steady time, in which lifetimes are counted.</param>
/// <param name="Wall">The wall clock at the same moment.</param>
/// <param name="Ahead">The difference not yet decided; see <see cref="NodeClock.Ahead"/>.</param>
/// <param name="Peers">The offsets of the peers' steady times from this node's, as exported by <see cref="PeerClocks"/>.</param>
internal sealed record ClockState(DateTimeOffset Steady, DateTimeOffset Wall, TimeSpan Ahead, byte[] Peers);
