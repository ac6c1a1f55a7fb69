using Meshara.Node.Identity;

namespace Meshara.Node.Routing;

/// <summary>
/// The relays that a node without an endpoint of its own names in its record: several, so that one may fail; near ones; and
/// among equally near ones those closest to its own key, so that all such nodes together spread over all relays. A relay stays
/// as long as it is connected, since every change has to be published.
/// </summary>
internal sealed class RelayChoice(NodeId self)
{
    /// <summary>The most relays.</summary>
    public const int Count = 4;

    // Round trips within one such step count as equal: measured ones vary, and the spread matters more.
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    // For a peer that has not answered a ping yet.
    private static readonly TimeSpan Unmeasured = TimeSpan.FromMilliseconds(200);

    private IReadOnlyList<NodeAddress> _chosen = [];

    /// <summary>Renews the choice.</summary>
    /// <param name="connected">The connected peers that can be dialled, with the round trip to each; null if not measured.</param>
    /// <returns>The relays, in an order that stays the same while they do.</returns>
    public IReadOnlyList<NodeAddress> Renew(IReadOnlyCollection<(NodeAddress Peer, TimeSpan? RoundTrip)> connected)
    {
        var peers = connected.Select(candidate => candidate.Peer).ToHashSet();
        List<NodeAddress> chosen = [.. _chosen.Where(peers.Contains)];
        chosen.AddRange(connected
            .Where(candidate => !chosen.Contains(candidate.Peer))
            .OrderBy(candidate => (int)((candidate.RoundTrip ?? Unmeasured) / Step))
            .ThenBy(candidate => NodeId.Of(candidate.Peer), Comparer<NodeId>.Create(self.CompareDistance))
            .Select(candidate => candidate.Peer)
            .Take(Count - chosen.Count));
        return _chosen = chosen;
    }
}
