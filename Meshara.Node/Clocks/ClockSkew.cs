namespace Meshara.Node.Clocks;

/// <summary>How far this node's wall clock is from its peers'.</summary>
/// <param name="Median">Positive when this node's is ahead.</param>
/// <param name="Spread">Median distance of the peers from <paramref name="Median"/>: large when they do not agree among themselves.</param>
/// <param name="Peers">How many peers it is estimated from.</param>
internal sealed record ClockSkew(TimeSpan Median, TimeSpan Spread, int Peers);
