using Meshara.Node.Protocol;

namespace Meshara.Node.Routing;

/// <summary>An entry of the routing table.</summary>
/// <param name="Record">The newest record known.</param>
/// <param name="LastSeen">When the node itself was last heard of at first hand (UTC).</param>
/// <param name="Failures">Queries or dials that failed since.</param>
internal sealed record Contact(PeerRecord Record, DateTimeOffset LastSeen, int Failures);
