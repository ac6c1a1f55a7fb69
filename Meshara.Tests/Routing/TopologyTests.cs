using Meshara.Node.Routing;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Routing;

public sealed class TopologyTests
{
    [Fact]
    public async Task Nodes_that_join_through_one_find_all_the_others()
    {
        await using var mesh = new MeshFixture();
        await mesh.StartManyAsync(6);
        await mesh.AreAllConnectedAsync();
    }

    [Fact]
    public async Task The_first_node_is_found_again_after_it_was_away_for_long()
    {
        // It has no bootstrap list: the others must find their way back to it.
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(3);
        await mesh.AreAllConnectedAsync();
        await nodes[0].StopAsync();
        await Eventually.TrueAsync(() => GivenUp(nodes[1]) && GivenUp(nodes[2]), "the others have given it up");
        var back = await mesh.RestartAsync(nodes[0]);
        await Eventually.TrueAsync(() => back.View.ConnectedPeers == 2, "it is connected again");
        await nodes[1].EndsAsync(await nodes[1].SendAsync(back, "welcome back"));
        await back.ReceivesAsync("welcome back");

        bool GivenUp(MeshPeer node) => !node.Get<RoutingTable>().Closest(node.Get<Meshara.Node.Identity.NodeIdentity>().Id, 20).Exists(record => record.Address == nodes[0].Address);
    }

    [Fact]
    public async Task A_bootstrap_node_that_comes_back_with_other_keys_is_joined_again()
    {
        await using var mesh = new MeshFixture(("Routing:BootstrapInterval", "00:00:00.500"));
        var nodes = await mesh.StartManyAsync(3);
        await mesh.AreAllConnectedAsync();
        await nodes[0].StopAsync();
        await Eventually.TrueAsync(() => !nodes[1].IsConnectedTo(nodes[0]), "it is gone");
        var other = await mesh.StartAsync([], ("Mesh:Listen", nodes[0].Bound.ToString()));
        await Eventually.TrueAsync(() => nodes[1].IsConnectedTo(other) && nodes[2].IsConnectedTo(other), "the new one is connected");
    }

    [Fact]
    public async Task A_connected_bootstrap_node_is_not_dialled_again()
    {
        await using var mesh = new MeshFixture(("Routing:BootstrapInterval", "00:00:00.100"), ("Transport:HeartbeatInterval", "00:00:00.200"));
        var nodes = await mesh.StartManyAsync(2);
        var sent = nodes[1].Metrics.Sum("meshara.messages.sent", "ping");
        await Eventually.TrueAsync(() => nodes[1].Metrics.Sum("meshara.messages.sent", "ping") >= sent + 2, "many intervals have passed");
        Assert.Equal(1, nodes[1].Metrics.Sum("meshara.connections.opened"));
    }

    [Fact]
    public async Task An_unreachable_bootstrap_node_is_waited_for()
    {
        await using var mesh = new MeshFixture();
        var first = await mesh.StartAsync();
        await first.BecomesReadyAsync();
        await first.StopAsync();
        var waiting = await mesh.StartAsync([first]);
        await Eventually.TrueAsync(() => waiting.Metrics.Sum("meshara.connection.errors", "dial") >= 2, "it tries again and again");
        Assert.Equal(Meshara.Node.NodeState.Starting, waiting.View.State);
        await mesh.RestartAsync(first);
        await waiting.BecomesReadyAsync();
    }
}
