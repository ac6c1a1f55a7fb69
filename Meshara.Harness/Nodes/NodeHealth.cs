namespace Meshara.Harness.Nodes;

/// <summary>What <c>/health</c> of a node says, as far as the host reads it.</summary>
/// <param name="Status"><c>Healthy</c>, <c>Degraded</c> or <c>Unhealthy</c>.</param>
/// <param name="Checks">The same of each check, by its name.</param>
/// <param name="ConnectedPeers">Live connections.</param>
/// <param name="PendingMessages">Accepted messages not yet acknowledged.</param>
internal sealed record NodeHealth(string Status, IReadOnlyDictionary<string, string> Checks, int ConnectedPeers, long PendingMessages);
