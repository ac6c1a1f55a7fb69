namespace Meshara.Node.Clocks;

/// <summary>How far this node's wall clock differs from those of its peers.</summary>
/// <param name="Median">Positive if this node's clock is ahead.</param>
/// <param name="Spread">
/// Median distance of the peers from <paramref name="Median"/>; large if the peers disagree with each other.
/// </param>
/// <param name="Peers">The number of peers in the estimate.</param>
internal sealed record ClockSkew(TimeSpan Median, TimeSpan Spread, int Peers);
