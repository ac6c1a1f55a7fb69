namespace Meshara.Harness.Nodes;

/// <summary>What <c>/health</c> of a node says, as far as the host reads it.</summary>
/// <param name="ConnectedPeers">Live connections.</param>
/// <param name="PendingMessages">Accepted messages not yet acknowledged.</param>
internal sealed record NodeHealth(int ConnectedPeers, long PendingMessages);
