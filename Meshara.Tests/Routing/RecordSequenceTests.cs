using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Routing;
using Meshara.Tests.Clocks;
using Meshara.Tests.Mesh;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Routing;

/// <summary>A record with a sequence number from a wrong clock does not block later correct ones.</summary>
public sealed class RecordSequenceTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public void A_record_from_a_year_ahead_is_not_taken_from_others()
    {
        using var identity = NodeIdentity.Generate();
        var wrong = Peers.Record(identity, _time.GetUtcNow().AddDays(366), Sequence(_time.GetUtcNow().AddYears(1)));
        Assert.False(PeerRecord.TryVerify(wrong.Wire, _time.GetUtcNow(), out _));
        var near = Peers.Record(identity, _time.GetUtcNow().AddDays(1), Sequence(_time.GetUtcNow().AddHours(2)));
        Assert.True(PeerRecord.TryVerify(near.Wire, _time.GetUtcNow(), out _));
    }

    [Fact]
    public void An_expired_record_keeps_no_valid_one_out()
    {
        using var self = NodeIdentity.Generate();
        using var identity = NodeIdentity.Generate();
        var book = new PeerBook(self.Id, 1000, _time);
        var table = new RoutingTable(self.Id, 20, _time);
        var ahead = Peers.Record(identity, _time.GetUtcNow().AddHours(1), Sequence(_time.GetUtcNow().AddHours(12)));
        book.Add(ahead);
        table.Add(ahead, seen: false);
        _time.Advance(TimeSpan.FromHours(2));
        var right = Peers.Record(identity, _time.GetUtcNow().AddHours(1), Sequence(_time.GetUtcNow()));
        Assert.True(book.Add(right));
        Assert.True(book.TryGet(identity.Id, out _));
        table.Add(right, seen: false);
        Assert.Same(right, Assert.Single(table.Snapshot()).Record);
    }

    [Fact]
    public async Task A_node_whose_clock_was_ten_hours_ahead_is_found_where_it_is_now()
    {
        await using var mesh = new MeshFixture();
        var clock = new TestClock { Offset = TimeSpan.FromHours(10) };
        var first = await mesh.StartAsync();
        var bob = await mesh.StartAsync(clock.Setting);
        var address = bob.Address;
        await bob.BecomesReadyAsync();
        await Eventually.TrueAsync(() => Find(first, address) is not null, "the first node knows it");
        await bob.DisposeAsync();

        clock.Offset = TimeSpan.Zero;
        var returned = await mesh.StartAsync([first], clock.Setting, ("Node:DataDirectory", bob.Settings["Node:DataDirectory"]!));
        Assert.NotEqual(bob.Settings["Mesh:Listen"], returned.Bound.ToString());
        await returned.BecomesReadyAsync();
        var late = await mesh.StartAsync();
        await late.BecomesReadyAsync();
        await Eventually.TrueAsync(() => Find(first, address)?.Endpoints[0].Port == returned.Bound.Port, "the first node knows where it is");
        await Eventually.TrueAsync(() => Find(late, address)?.Endpoints[0].Port == returned.Bound.Port, "a node that has come since knows it, too");
    }

    [Theory]
    [InlineData(40)]
    [InlineData(-40)]
    public async Task A_node_whose_clock_is_40_days_off_takes_part(int days)
    {
        await using var mesh = new MeshFixture();
        var clock = new TestClock { Offset = TimeSpan.FromDays(days) };
        var first = await mesh.StartAsync();
        var odd = await mesh.StartAsync(clock.Setting);
        var third = await mesh.StartAsync();
        await Task.WhenAll(odd.BecomesReadyAsync(), third.BecomesReadyAsync());
        await odd.SendAsync(third, "from odd");
        await third.SendAsync(odd, "to odd");
        await third.ReceivesAsync("from odd");
        await odd.ReceivesAsync("to odd");
        await Eventually.TrueAsync(
            () => PeerRecord.TryVerify(odd.Get<Node.Transport.LocalRecord>().Current.Wire, DateTimeOffset.UtcNow, out _), "others may tell of it");
        await Eventually.TrueAsync(() => first.View.MembershipSize == 3 && odd.View.MembershipSize == 3, "everybody is believed alive");
    }

    [Theory]
    [InlineData(40)]
    [InlineData(-40)]
    public async Task Two_nodes_alone_whose_clocks_are_40_days_apart_reach_each_other(int days)
    {
        await using var mesh = new MeshFixture();
        var clock = new TestClock { Offset = TimeSpan.FromDays(days) };
        var one = await mesh.StartAsync();
        var odd = await mesh.StartAsync(clock.Setting);
        await odd.BecomesReadyAsync();
        await Eventually.TrueAsync(
            () => one.Get<NodeClock>().Peers.LoneLead is not null && odd.Get<NodeClock>().Peers.LoneLead is not null, "each knows the other's clock");
        await odd.SendAsync(one, "from odd");
        await one.SendAsync(odd, "to odd");
        await one.ReceivesAsync("from odd");
        await odd.ReceivesAsync("to odd");
        await Eventually.TrueAsync(() => one.View.MembershipSize == 2 && odd.View.MembershipSize == 2, "each believes the other alive");
    }

    private static PeerRecord? Find(MeshPeer peer, NodeAddress address) => peer.Get<PeerBook>().TryGet(NodeId.Of(address), out var record) ? record : null;

    private static ulong Sequence(DateTimeOffset clock) => (ulong)clock.ToMicroseconds();
}
