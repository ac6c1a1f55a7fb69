namespace Meshara.Harness.Nodes;

/// <summary>The fields of a node's <c>/health</c> that the host reads.</summary>
/// <param name="Status"><c>Healthy</c>, <c>Degraded</c> or <c>Unhealthy</c>.</param>
/// <param name="Checks">Status of each check, by its name.</param>
/// <param name="ConnectedPeers">Live connections.</param>
/// <param name="PendingMessages">Accepted messages that are not yet acknowledged.</param>
internal sealed record NodeHealth(string Status, IReadOnlyDictionary<string, string> Checks, int ConnectedPeers, long PendingMessages);
