using Meshara.Node.Identity;

namespace Meshara.Node;

/// <summary>The state of a node between start and stop.</summary>
public enum NodeState
{
    /// <summary>Loading state, binding, or looking for its first peer.</summary>
    Starting,

    /// <summary>Listening and joined, alone by configuration, or done waiting for its mesh.</summary>
    Ready,

    /// <summary>Asked to stop: accepts no new messages and finishes those in flight.</summary>
    Draining,
}

/// <summary>Read-only view of a running node for the API and the health checks.</summary>
public interface INodeView
{
    /// <summary>The node's identity and endpoints.</summary>
    NodeInfo Info { get; }

    /// <summary>The current state.</summary>
    NodeState State { get; }

    /// <summary>Number of live, authenticated peer connections.</summary>
    int ConnectedPeers { get; }

    /// <summary>Number of contacts in the routing table.</summary>
    int RoutingTableSize { get; }

    /// <summary>Number of accepted messages not yet acknowledged.</summary>
    int PendingMessages { get; }

    /// <summary>Age of the oldest unacknowledged message; zero if there is none.</summary>
    TimeSpan OldestPendingMessage { get; }

    /// <summary>Number of nodes this node believes to be alive, itself included.</summary>
    int MembershipSize { get; }

    /// <summary>A hash of the set of live nodes, equal on nodes that believe the same set to be alive.</summary>
    uint MembershipView { get; }

    /// <summary>Live connections, ordered by address.</summary>
    IReadOnlyList<PeerInfo> GetPeers();

    /// <summary>Contacts and learned routes, ordered by address.</summary>
    IReadOnlyList<RouteInfo> GetRoutes();
}

/// <summary>The identity of a node.</summary>
/// <param name="Address">Its address.</param>
/// <param name="NodeId">BLAKE2b-256 of the public key in hexadecimal: its position in the Kademlia key space.</param>
/// <param name="Name">The name its operator gave it.</param>
/// <param name="Version">The program's version.</param>
/// <param name="Endpoints">Its own endpoints that peers can dial, as <c>tcp://host:port</c>; empty if it only dials out.</param>
/// <param name="StartedAt">When the node was created in this process (UTC).</param>
public sealed record NodeInfo(
    NodeAddress Address, string NodeId, string Name, string Version, IReadOnlyList<string> Endpoints, DateTimeOffset StartedAt);

/// <summary>One live connection.</summary>
/// <param name="Address">The peer's address, proven by the handshake.</param>
/// <param name="Name">The name the peer gives itself; not verified.</param>
/// <param name="Remote">IP address and port of the peer.</param>
/// <param name="Outbound">True if this node dialled.</param>
/// <param name="ConnectedAt">When the handshake finished (UTC).</param>
/// <param name="RoundTrip">Smoothed round-trip time of the heartbeats; null before the first answer.</param>
/// <param name="InTree">True if this node pushes broadcasts to the peer.</param>
/// <param name="BytesSent">Bytes that this node has sent over the connection.</param>
public sealed record PeerInfo(
    NodeAddress Address, string Name, string Remote, bool Outbound, DateTimeOffset ConnectedAt, TimeSpan? RoundTrip, bool InTree, long BytesSent);

/// <summary>One route to a node.</summary>
/// <param name="Address">The destination.</param>
/// <param name="Kind">
/// <c>direct</c>: connected now; <c>contact</c>: known from the routing table; <c>cached</c>: learned through
/// <paramref name="Via"/>.
/// </param>
/// <param name="Via">The next hop of a cached route; otherwise null.</param>
/// <param name="Endpoints">The destination's advertised endpoints; empty for a cached route.</param>
/// <param name="LastSeen">When this node last heard from the contact, or last learned the cached route (UTC).</param>
public sealed record RouteInfo(
    NodeAddress Address, string Kind, NodeAddress? Via, IReadOnlyList<string> Endpoints, DateTimeOffset LastSeen);
