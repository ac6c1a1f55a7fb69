using Meshara.Node.Identity;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Transport;

/// <summary>Two programs with the same identity, and restarts, which look the same at first.</summary>
public sealed class CloneTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copied_data_folder_is_noticed_by_both_copies_and_by_their_peers()
    {
        await using var mesh = new MeshFixture();
        var hub = await mesh.StartAsync();
        var original = await mesh.StartAsync();
        await original.BecomesReadyAsync();
        await Eventually.TrueAsync(() => hub.IsConnectedTo(original), "the original is connected");
        CopyKey(mesh, "node-2", "copied");
        var copy = await mesh.StartAsync(("Node:DataDirectory", mesh.DataFolder("copied")));
        Assert.Equal(original.Address, copy.Address);

        await Eventually.TrueAsync(() => original.Swarm.Clones.Own == 1 && copy.Swarm.Clones.Own == 1, "both copies know");
        await Eventually.TrueAsync(() => hub.Swarm.Clones.Peers == 1, "their peer knows");
        Assert.Equal((0, 0), (hub.Swarm.Clones.Own, copy.Swarm.Clones.Peers));
        await hub.SendAsync(original, "one of them gets it");
        await Eventually.TrueAsync(async () => (await original.ReceivedTextsAsync()).Count + (await copy.ReceivedTextsAsync()).Count > 0, "one of them gets it");
    }

    [Fact]
    public async Task Clones_do_not_push_each_other_out()
    {
        using var identity = NodeIdentity.Generate();
        await using var hub = new TransportEnd();
        await using var original = new TransportEnd(identity: NodeIdentity.Import(identity.ExportSecret()));
        await using var copy = new TransportEnd(identity: NodeIdentity.Import(identity.ExportSecret()));
        var first = await original.ConnectAsync(hub);
        await Eventually.TrueAsync(() => hub.IsConnectedTo(original), "the original is connected");
        var second = await copy.ConnectAsync(hub);
        await Eventually.TrueAsync(() => !second.IsOpen, "the copy is sent away");
        Assert.True(first.IsOpen);
        await Eventually.TrueAsync(() => hub.Metrics.Sum("meshara.connections.closed", "cloned") == 1, "the hub has closed it");
        Assert.Equal((1, 0), (hub.Connects, hub.Disconnects));
        Assert.False(copy.Swarm.MayDial(hub.Record)); // it does not come back at once
        Assert.True(original.Swarm.MayDial(hub.Record));
    }

    [Fact]
    public async Task Clones_that_meet_notice_each_other()
    {
        using var identity = NodeIdentity.Generate();
        await using var original = new TransportEnd(identity: NodeIdentity.Import(identity.ExportSecret()));
        await using var copy = new TransportEnd(identity: NodeIdentity.Import(identity.ExportSecret()));
        await Assert.ThrowsAsync<Meshara.Node.MesharaException>(() => Eventually.InTimeAsync(copy.Swarm.ConnectAsync(original.Endpoint, Cancel)));
        await Eventually.TrueAsync(() => (original.Swarm.Clones.Own, copy.Swarm.Clones.Own) == (1, 1), "both know");
    }

    [Fact]
    public async Task A_node_that_dials_itself_is_no_clone()
    {
        await using var node = new TransportEnd();
        await Assert.ThrowsAsync<Meshara.Node.MesharaException>(() => Eventually.InTimeAsync(node.Swarm.ConnectAsync(node.Endpoint, Cancel)));
        Assert.Equal(0, node.Swarm.Clones.Own);
    }

    [Fact]
    public async Task A_restart_is_no_clone_also_when_the_old_connection_looks_alive()
    {
        using var identity = NodeIdentity.Generate();
        await using var hub = new TransportEnd();
        await using var cable = new FreezableProxy(hub.Endpoint);
        await using var before = new TransportEnd(identity: NodeIdentity.Import(identity.ExportSecret()));
        await Eventually.InTimeAsync(before.Swarm.ConnectAsync(cable.Endpoint, Cancel));
        await Eventually.TrueAsync(() => hub.IsConnectedTo(before), "it is connected");
        cable.Freeze(); // a power failure: its connection is not closed
        await using var after = new TransportEnd(identity: NodeIdentity.Import(identity.ExportSecret()));
        var connection = await after.ConnectAsync(hub);
        await Eventually.TrueAsync(() => hub.Connects == 2, "it is connected again");
        Assert.True(connection.IsOpen);
        Assert.Equal((0, 0), (hub.Swarm.Clones.Peers, after.Swarm.Clones.Own));
    }

    [Fact]
    public async Task Quick_restarts_of_a_process_are_no_clones()
    {
        await using var mesh = new MeshFixture();
        var hub = await mesh.StartAsync();
        await using var node = await Stack.Local.SingleNode.StartAsync("restarted", [], Cancel, "--bootstrap", $"tcp://{hub.Bound}");
        for (var i = 0; i < 3; i++)
        {
            await Eventually.TrueAsync(() => hub.View.ConnectedPeers == 1, "it is connected");
            await node.Process.KillAsync(Cancel);
            await node.StartAsync(Cancel);
        }
        Assert.Equal(0, hub.Swarm.Clones.Peers);
        Assert.DoesNotContain("IdentityCloned", node.Process.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clones_that_share_no_peer_know_each_other_by_their_records()
    {
        // Advertised endpoints cannot be dialled, so all nodes stay with their bootstrap.
        await using var mesh = new MeshFixture(("Mesh:Advertise", "127.0.0.1:1"), ("Routing:RefreshInterval", "00:00:01"));
        var one = await mesh.StartAsync();
        var other = await mesh.StartAsync([one]);
        var original = await mesh.StartAsync([one]);
        await original.BecomesReadyAsync();
        CopyKey(mesh, "node-3", "copied");
        var copy = await mesh.StartAsync([other], ("Node:DataDirectory", mesh.DataFolder("copied")));

        await Eventually.TrueAsync(() => original.Swarm.Clones.Own == 1 && copy.Swarm.Clones.Own == 1, "both copies know");
        Assert.Equal((1, 1), (original.Swarm.Count, copy.Swarm.Count));
        Assert.Equal((0, 0), (one.Swarm.Clones.Peers, other.Swarm.Clones.Peers));
    }

    private static void CopyKey(MeshFixture mesh, string from, string to)
    {
        Directory.CreateDirectory(mesh.DataFolder(to));
        File.Copy(Path.Combine(mesh.DataFolder(from), "identity.key"), Path.Combine(mesh.DataFolder(to), "identity.key"));
    }
}
