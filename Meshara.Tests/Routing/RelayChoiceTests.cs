using Meshara.Node.Identity;
using Meshara.Node.Routing;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Routing;

public sealed class RelayChoiceTests
{
    private readonly NodeAddress[] _peers = [.. Enumerable.Range(0, 40).Select(_ => Peers.Record().Address)];

    [Fact]
    public void Nodes_spread_over_the_relays_instead_of_choosing_the_same_ones()
    {
        var load = Enumerable.Range(0, 200)
            .SelectMany(_ => new RelayChoice(Peers.Record().Id).Renew(At(TimeSpan.FromMilliseconds(10))))
            .CountBy(relay => relay).ToDictionary();
        // 800 choices of 40 relays: twenty each on average, and no relay has a tenth of the nodes more than that.
        Assert.InRange(load.Count, 30, 40);
        Assert.InRange(load.Values.Max(), 20, 80);
    }

    [Fact]
    public void Relays_stay_while_they_are_connected_and_are_replaced_when_they_go()
    {
        var choice = new RelayChoice(Peers.Record().Id);
        var first = choice.Renew(At(TimeSpan.FromMilliseconds(120)));
        Assert.Equal(RelayChoice.Count, first.Count);
        // Nearer peers have come, but a change would have to be published.
        Assert.Equal(first, choice.Renew([.. At(TimeSpan.FromMilliseconds(120)), (Peers.Record().Address, TimeSpan.Zero)]));
        var second = choice.Renew([.. At(TimeSpan.FromMilliseconds(120)).Where(peer => peer.Peer != first[1])]);
        Assert.Equal([first[0], first[2], first[3]], second.Take(3));
        Assert.Equal(RelayChoice.Count, second.Count);
        Assert.DoesNotContain(first[1], second);
    }

    [Fact]
    public void Near_relays_are_preferred_to_far_and_unmeasured_ones()
    {
        var near = _peers[..RelayChoice.Count];
        var chosen = new RelayChoice(Peers.Record().Id).Renew(
            [.. _peers.Select((peer, i) => (peer, i < near.Length ? TimeSpan.FromMilliseconds(20) : i % 2 == 0 ? TimeSpan.FromMilliseconds(150) : (TimeSpan?)null))]);
        Assert.Equal(near.Order(), chosen.Order());
    }

    private IReadOnlyCollection<(NodeAddress Peer, TimeSpan? RoundTrip)> At(TimeSpan roundTrip) => [.. _peers.Select(peer => (peer, (TimeSpan?)roundTrip))];
}
