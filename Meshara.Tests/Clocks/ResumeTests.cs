using Meshara.Node.Clocks;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Clocks;

/// <summary>A node is suspended for minutes, like a machine that sleeps.</summary>
public sealed class ResumeTests
{
    [Fact]
    public async Task A_connection_that_died_meanwhile_is_dropped_and_a_living_one_stays()
    {
        var clock = NodeClock.Of(TimeProvider.System);
        await using var node = new TransportEnd(
            new TransportOptions { HeartbeatInterval = TimeSpan.FromHours(1), MinHeartbeatTimeout = TimeSpan.FromHours(1), MaxHeartbeatTimeout = TimeSpan.FromHours(1) },
            time: clock);
        await using var dead = new TransportEnd();
        await using var alive = new TransportEnd();
        await using var proxy = new FreezableProxy(dead.Endpoint);
        var connection = await Eventually.InTimeAsync(node.Swarm.ConnectAsync(proxy.Endpoint, TestContext.Current.CancellationToken));
        var living = await node.ConnectAsync(alive);
        await Eventually.TrueAsync(() => connection.RoundTrip is not null && living.RoundTrip is not null, "both have answered");
        proxy.Freeze();
        clock.Resume(TimeSpan.FromMinutes(3));
        await Eventually.TrueAsync(() => !connection.IsOpen, "the dead one is dropped");
        Assert.True(living.IsOpen);
    }

    [Fact]
    public async Task A_peer_that_could_not_be_reached_may_be_dialled_at_once()
    {
        var clock = NodeClock.Of(TimeProvider.System);
        await using var node = new TransportEnd(time: clock);
        var nobody = Peers.Record();
        await Assert.ThrowsAnyAsync<Node.MesharaException>(() => node.Swarm.ConnectAsync(nobody, TestContext.Current.CancellationToken));
        Assert.False(node.Swarm.MayDial(nobody));
        clock.Resume(TimeSpan.FromMinutes(3));
        Assert.True(node.Swarm.MayDial(nobody));
    }

    [Fact]
    public async Task A_node_that_slept_three_minutes_is_whole_again()
    {
        await using var mesh = new MeshFixture(("Transport:MinHeartbeatTimeout", "00:10:00"), ("Transport:MaxHeartbeatTimeout", "00:10:00"));
        var clock = new TestClock();
        var one = await mesh.StartAsync();
        await using var proxy = new FreezableProxy(one.Bound);
        var sleeper = await mesh.StartAsync(clock.Setting, ("Mesh:Bootstrap", $"tcp://{proxy.Endpoint}"), ("Mesh:Advertise", "none"));
        await sleeper.BecomesReadyAsync();
        Assert.True(sleeper.Swarm.TryGet(one.Address, out var dead));
        proxy.Freeze();
        clock.Offset = TimeSpan.FromMinutes(3);
        await Eventually.TrueAsync(() => !dead.IsOpen && sleeper.IsConnectedTo(one), "it has a new connection");
        await one.SendAsync(sleeper, "welcome back");
        await sleeper.ReceivesAsync("welcome back");
    }
}
