namespace Meshara.Node.Clocks;

/// <summary>A node's clock as it is kept over restarts.</summary>
/// <param name="Steady">The node's own scale, in which lives are counted.</param>
/// <param name="Wall">The wall clock at the same moment.</param>
/// <param name="Ahead">What was not yet decided; see <see cref="NodeClock.Ahead"/>.</param>
/// <param name="Peers">How far the peers' own scales were from this node's, as <see cref="PeerClocks"/> writes it.</param>
internal sealed record ClockState(DateTimeOffset Steady, DateTimeOffset Wall, TimeSpan Ahead, byte[] Peers);
