namespace Meshara.Harness.Nodes;

/// <summary>A node's connection to a peer.</summary>
/// <param name="Address">The peer's address.</param>
/// <param name="RttMs">Smoothed round trip time of the heartbeats in milliseconds; null before the first answer.</param>
internal sealed record PeerLink(string Address, double? RttMs);
