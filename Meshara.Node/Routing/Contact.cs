using Meshara.Node.Protocol;

namespace Meshara.Node.Routing;

/// <summary>An entry of the routing table.</summary>
/// <param name="Record">The newest known record.</param>
/// <param name="LastSeen">When this node last heard from the contact itself (UTC); the Unix epoch if never.</param>
/// <param name="Failures">Failed queries and dials since then.</param>
internal sealed record Contact(PeerRecord Record, DateTimeOffset LastSeen, int Failures);
