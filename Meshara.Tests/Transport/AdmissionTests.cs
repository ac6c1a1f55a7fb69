using Meshara.Node;
using Meshara.Node.Identity;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Transport;

/// <summary>Nodes that admit only listed peers.</summary>
public sealed class AdmissionTests
{
    [Fact]
    public async Task A_node_is_no_peer_of_one_that_its_list_leaves_out_and_of_one_that_it_names()
    {
        await using var mesh = new MeshFixture();
        var (friend, stranger) = (KeyOf(mesh, "node-2"), KeyOf(mesh, "node-3"));
        var host = await mesh.StartAsync(("Transport:AdmittedPeers", $"{friend}"));
        var second = await mesh.StartAsync();
        await second.BecomesReadyAsync();
        var third = await mesh.StartAsync([host]);
        Assert.Equal((friend, stranger), (second.Address, third.Address));

        await Eventually.TrueAsync(() => host.Metrics.Sum("meshara.connection.errors", "handshake") > 0, "the stranger is refused");
        Assert.True(host.IsConnectedTo(second));
        Assert.False(host.IsConnectedTo(third));
        Assert.NotEqual(NodeState.Ready, third.View.State);
    }

    [Fact]
    public async Task A_node_does_not_join_through_one_that_its_own_list_leaves_out()
    {
        await using var mesh = new MeshFixture();
        var host = await mesh.StartAsync();
        var picky = await mesh.StartAsync(("Transport:AdmittedPeers", $"{KeyOf(mesh, "somebody")}"));
        await Eventually.TrueAsync(() => picky.Metrics.Sum("meshara.connection.errors", "handshake") > 0, "the bootstrap node is refused");
        Assert.False(picky.IsConnectedTo(host));
    }

    [Fact]
    public async Task A_list_with_something_else_than_addresses_is_refused()
    {
        await using var mesh = new MeshFixture();
        var refusal = await Assert.ThrowsAsync<MesharaException>(() => mesh.StartAsync(("Transport:AdmittedPeers", "node-2")));
        Assert.StartsWith("Transport:AdmittedPeers 'node-2' is not the address of a node: 52 characters", refusal.Message, StringComparison.Ordinal);
    }

    private static NodeAddress KeyOf(MeshFixture mesh, string name)
    {
        Directory.CreateDirectory(mesh.DataFolder(name));
        return KeyFile.LoadOrCreate(Path.Combine(mesh.DataFolder(name), NodeHost.KeyFileName), null).Address;
    }
}
