using Meshara.Node;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Transport;

public sealed class ConnectionLimitTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_node_whose_places_are_all_taken_can_still_be_joined(bool hidden)
    {
        await using var mesh = new MeshFixture(("Routing:TargetPeers", "2"));
        var first = await mesh.StartAsync(("Transport:MaxConnections", "4"));
        (string, string)[] how = hidden ? [("Mesh:Advertise", "none")] : [];
        var early = new List<MeshPeer>();
        for (var i = 0; i < 4; i++)
            early.Add(await mesh.StartAsync([first], how));
        await Task.WhenAll(early.Select(node => node.BecomesReadyAsync()));
        var late = await mesh.StartAsync([first], how);
        await late.BecomesReadyAsync();
        await Eventually.TrueAsync(() => first.View.ConnectedPeers <= 4, "the limit holds");
        await late.EndsAsync(await late.SendAsync(first, "hello"));
    }

    [Fact]
    public async Task Dials_count_for_the_limit()
    {
        await using var node = new TransportEnd(new TransportOptions { MaxConnections = 4 });
        var others = Enumerable.Range(0, 7).Select(_ => new TransportEnd()).ToList();
        foreach (var other in others[..4])
            await node.ConnectAsync(other);
        foreach (var other in others[4..])
            await Assert.ThrowsAsync<MesharaException>(() => node.ConnectAsync(other));
        Assert.Equal(4, node.Swarm.Count);
        await Task.WhenAll(others.Select(other => other.DisposeAsync().AsTask()));
    }

    [Fact]
    public async Task Above_the_high_water_mark_connections_go_down_to_the_low_one()
    {
        await using var node = new TransportEnd(new TransportOptions { LowWater = 4, HighWater = 6, GracePeriod = TimeSpan.Zero });
        var others = Enumerable.Range(0, 9).Select(_ => new TransportEnd()).ToList();
        var dear = others[8].Identity.Address; // the newest, which would be closed first
        node.Swarm.AddWorth(connection => connection.Peer == dear ? 1 : 0);
        foreach (var other in others)
            await node.ConnectAsync(other);
        await Eventually.TrueAsync(
            () => node.Swarm.Count is >= 4 and <= 6 && node.Metrics.Sum("meshara.connections.closed", "pruned") >= 3, "surplus connections are closed");
        Assert.True(node.Swarm.TryGet(dear, out _));
        await Task.WhenAll(others.Select(other => other.DisposeAsync().AsTask()));
    }

    [Fact]
    public async Task A_newcomer_that_finds_no_room_is_told_of_others()
    {
        await using var node = new TransportEnd(new TransportOptions { MaxConnections = 1 });
        await using var friend = new TransportEnd();
        await using var newcomer = new TransportEnd();
        node.Swarm.AddWorth(connection => connection.Peer == friend.Identity.Address ? Swarm.Indispensable : 0);
        node.Swarm.Referral = _ => new Frame { FoundNodes = new FoundNodes { Records = { friend.Record.Wire } } };
        await friend.ConnectAsync(node);
        await Eventually.TrueAsync(() => node.IsConnectedTo(friend), "the friend is connected");
        await newcomer.ConnectAsync(node);
        await Eventually.TrueAsync(() => newcomer.Disconnects == 1 && !newcomer.Frames.IsEmpty, "the newcomer is sent away");
        Assert.Equal(friend.Record.Wire, Assert.Single(newcomer.Frames).Frame.FoundNodes.Records[0]);
        Assert.True(node.IsConnectedTo(friend));
    }
}
