using Meshara.Node.Identity;
using Meshara.Node.Routing;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Routing;

public sealed class LookupTests
{
    [Fact]
    public async Task Every_node_of_twenty_is_found_by_every_other()
    {
        await using var mesh = new MeshFixture(("Routing:TargetPeers", "3"), ("Routing:BucketSize", "6"));
        var nodes = await mesh.StartManyAsync(20);
        foreach (var node in nodes)
        {
            foreach (var other in nodes.Where(other => other != node))
            {
                var found = await Eventually.InTimeAsync(node.Get<Dht>().FindAsync(other.Address, default, TestContext.Current.CancellationToken));
                Assert.Equal(other.Address, found?.Address);
            }
        }
        // Again, asking the mesh instead of the cache.
        for (var i = 0; i < nodes.Count; i++)
        {
            var other = nodes[(i + 7) % nodes.Count];
            var found = await Eventually.InTimeAsync(nodes[i].Get<Dht>().RefreshAsync(other.Address, default, TestContext.Current.CancellationToken));
            Assert.Equal(other.Address, found?.Address);
        }
        Assert.All(nodes, node => Assert.True(node.Metrics.Count("meshara.dht.lookup.duration", "found") > 0));
    }

    [Fact]
    public async Task A_node_that_is_nowhere_is_not_found()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(3);
        using var nobody = NodeIdentity.Generate();
        Assert.Null(await nodes[2].Get<Dht>().FindAsync(nobody.Address, default, TestContext.Current.CancellationToken));
        Assert.True(nodes[2].Metrics.Count("meshara.dht.lookup.duration", "not_found") > 0);
    }

    [Fact]
    public async Task A_record_outlives_its_nodes_connection()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(3);
        await mesh.AreAllConnectedAsync();
        await nodes[1].StopAsync();
        await Eventually.TrueAsync(() => !nodes[0].IsConnectedTo(nodes[1]), "the stopped node is gone");
        var late = await mesh.StartAsync(("Node:Name", "late"));
        await late.BecomesReadyAsync();
        Assert.NotNull(await Eventually.InTimeAsync(late.Get<Dht>().FindAsync(nodes[1].Address, default, TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task A_lookup_is_not_stopped_by_nodes_that_are_gone()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(6);
        await mesh.AreAllConnectedAsync();
        await Task.WhenAll(nodes[1].StopAsync(), nodes[2].StopAsync());
        var found = await Eventually.InTimeAsync(nodes[5].Get<Dht>().RefreshAsync(nodes[3].Address, default, TestContext.Current.CancellationToken));
        Assert.Equal(nodes[3].Address, found?.Address);
    }
}
