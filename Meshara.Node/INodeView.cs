using Meshara.Node.Identity;

namespace Meshara.Node;

/// <summary>Where a node stands between start and stop.</summary>
public enum NodeState
{
    /// <summary>Loading state, binding, or looking for its first peer.</summary>
    Starting,

    /// <summary>Listening and joined (or alone by configuration).</summary>
    Ready,

    /// <summary>Asked to stop: takes no new messages and finishes those in flight.</summary>
    Draining,
}

/// <summary>Read-only view of a running node for the API and the health checks.</summary>
public interface INodeView
{
    /// <summary>Who this node is and where it listens.</summary>
    NodeInfo Info { get; }

    /// <summary>Where it stands.</summary>
    NodeState State { get; }

    /// <summary>Live authenticated peer connections.</summary>
    int ConnectedPeers { get; }

    /// <summary>Contacts in the routing table.</summary>
    int RoutingTableSize { get; }

    /// <summary>Accepted messages not yet acknowledged.</summary>
    int PendingMessages { get; }

    /// <summary>Age of the oldest unacknowledged message; zero when there is none.</summary>
    TimeSpan OldestPendingMessage { get; }

    /// <summary>Nodes this node believes alive, itself included.</summary>
    int MembershipSize { get; }

    /// <summary>A hash that is the same on two nodes that believe the same nodes alive.</summary>
    uint MembershipView { get; }

    /// <summary>Live connections, by address.</summary>
    IReadOnlyList<PeerInfo> GetPeers();

    /// <summary>Contacts and learned routes, by address.</summary>
    IReadOnlyList<RouteInfo> GetRoutes();
}

/// <summary>Who a node is.</summary>
/// <param name="Address">Its address.</param>
/// <param name="NodeId">BLAKE2b-256 of the public key in hexadecimal: its place in the Kademlia key space.</param>
/// <param name="Name">The name its operator gave it.</param>
/// <param name="Version">Version of the program.</param>
/// <param name="Endpoints">Where peers can dial it, as <c>tcp://host:port</c>; empty when it only dials out.</param>
/// <param name="StartedAt">When the process became a node (UTC).</param>
public sealed record NodeInfo(
    NodeAddress Address, string NodeId, string Name, string Version, IReadOnlyList<string> Endpoints, DateTimeOffset StartedAt);

/// <summary>One live connection.</summary>
/// <param name="Address">Who is at the other end, proven by the handshake.</param>
/// <param name="Name">The name the peer gives itself; not proven.</param>
/// <param name="Remote">IP address and port of the other end.</param>
/// <param name="Outbound">True when this node dialled.</param>
/// <param name="ConnectedAt">When the handshake was done (UTC).</param>
/// <param name="RoundTrip">Smoothed round trip time of the heartbeats; null before the first answer.</param>
public sealed record PeerInfo(
    NodeAddress Address, string Name, string Remote, bool Outbound, DateTimeOffset ConnectedAt, TimeSpan? RoundTrip);

/// <summary>One way to reach a node.</summary>
/// <param name="Address">The destination.</param>
/// <param name="Kind"><c>direct</c> connected now, <c>contact</c> known and dialable, <c>cached</c> learned through <paramref name="Via"/>.</param>
/// <param name="Via">The next hop of a cached route.</param>
/// <param name="Endpoints">Where the destination says it can be dialled.</param>
/// <param name="LastSeen">When the node last heard of it (UTC).</param>
public sealed record RouteInfo(
    NodeAddress Address, string Kind, NodeAddress? Via, IReadOnlyList<string> Endpoints, DateTimeOffset LastSeen);
