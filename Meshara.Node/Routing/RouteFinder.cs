using System.Diagnostics;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Transport;

namespace Meshara.Node.Routing;

/// <summary>
/// Chooses next hops, in this order: the recipient itself if it is connected, a route learned from traffic, the recipient if it
/// can be dialled, a relay that its record names, and finally the connected peers closest to it in the key space.
/// </summary>
internal sealed class RouteFinder(Swarm swarm, Dht dht, PeerBook book, RouteCache routes)
{
    /// <summary>The best hop not tried yet, found without asking other nodes.</summary>
    /// <param name="recipient">The destination of the message.</param>
    /// <param name="excluded">True for peers already tried and for those the message came through.</param>
    /// <param name="rotation">How many of the closest peers to skip, so that a retry takes a different route.</param>
    public Hop? Find(NodeAddress recipient, Func<NodeAddress, bool> excluded, int rotation)
    {
        var free = !excluded(recipient);
        if (free && swarm.TryGet(recipient, out _))
            return new Hop(RouteKind.Direct, recipient, null);
        if (routes.TryGet(recipient, out var via) && !excluded(via) && swarm.TryGet(via, out _))
            return new Hop(RouteKind.Cached, via, null);
        var id = NodeId.Of(recipient);
        if (book.TryGet(id, out var record))
        {
            if (free && swarm.MayDial(record))
                return new Hop(RouteKind.Direct, recipient, record);
            if (FindRelay(record, excluded) is { } relay)
                return relay;
        }
        var closest = swarm.Connections
            .Where(connection => connection.IsOpen && !excluded(connection.Peer))
            .OrderBy(connection => connection.Record.Id, Comparer<NodeId>.Create(id.CompareDistance))
            .Select(connection => connection.Peer)
            .ToList();
        return closest.Count == 0 ? null : new Hop(RouteKind.Bridge, closest[rotation % closest.Count], null);
    }

    /// <summary>True if other nodes should be asked about the recipient before <see cref="Find"/> is called.</summary>
    public bool NeedsLookup(NodeAddress recipient) =>
        !swarm.TryGet(recipient, out _) && !routes.TryGet(recipient, out _) && !book.TryGet(NodeId.Of(recipient), out _);

    /// <summary>Asks other nodes for the recipient's record.</summary>
    public Task<PeerRecord?> LookupAsync(NodeAddress recipient, ActivityContext trace, CancellationToken cancellationToken) =>
        dht.FindAsync(recipient, trace, cancellationToken);

    private Hop? FindRelay(PeerRecord record, Func<NodeAddress, bool> excluded)
    {
        foreach (var endpoint in record.Endpoints)
        {
            if (endpoint.IsTcp || excluded(endpoint.Relay))
                continue;
            if (swarm.TryGet(endpoint.Relay, out _))
                return new Hop(RouteKind.Bridge, endpoint.Relay, null);
            if (book.TryGet(NodeId.Of(endpoint.Relay), out var relay) && swarm.MayDial(relay))
                return new Hop(RouteKind.Bridge, endpoint.Relay, relay);
        }
        return null;
    }
}
