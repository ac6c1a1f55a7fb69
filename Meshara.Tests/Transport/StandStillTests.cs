using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Meshara.Tests.Clocks;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Transport;

public sealed class StandStillTests
{
    private static readonly TimeSpan Long = TimeSpan.FromDays(1);

    [Fact]
    public async Task A_peer_is_not_slow_because_this_node_stood_still()
    {
        var clock = new TestClock();
        var options = new TransportOptions { SendTimeout = TimeSpan.FromMinutes(10), HeartbeatInterval = Long, MinHeartbeatTimeout = Long, MaxHeartbeatTimeout = Long };
        await using var node = new TransportEnd(options, time: clock);
        await using var slow = await SlowPeer.JoinAsync(node.Endpoint, node.Swarm);
        Assert.True(node.Swarm.TryGet(slow.Address, out var connection));
        var sending = slow.FillAsync(node.Swarm);
        await Eventually.TrueAsync(() => !connection.HasRoom, "no more fits into the slow peer's buffer");
        connection.Beat();
        clock.Pass(TimeSpan.FromHours(1));
        connection.Beat();
        Assert.Null(connection.Reason);
        await Eventually.TrueAsync(() =>
        {
            clock.Pass(TimeSpan.FromSeconds(9)); // as a busy node sees it
            connection.Beat();
            return connection.Reason == CloseReason.SlowConsumer;
        }, "it is disconnected when it takes nothing while this node is at work");
        await Eventually.InTimeAsync(sending);
    }

    [Fact]
    public async Task A_peer_owes_no_sign_of_life_while_this_node_stood_still()
    {
        var clock = new TestClock();
        var patience = TimeSpan.FromMinutes(1);
        var options = new TransportOptions { HeartbeatInterval = Long, MinHeartbeatTimeout = patience, MaxHeartbeatTimeout = patience };
        await using var node = new TransportEnd(options, time: clock);
        await using var silent = await SlowPeer.JoinAsync(node.Endpoint, node.Swarm);
        Assert.True(node.Swarm.TryGet(silent.Address, out var connection));
        connection.Beat(); // sends a heartbeat, which the peer must answer
        clock.Pass(TimeSpan.FromHours(1));
        connection.Beat();
        Assert.Null(connection.Reason);
        await Eventually.TrueAsync(() =>
        {
            clock.Pass(TimeSpan.FromSeconds(9)); // as a busy node sees it
            connection.Beat();
            return connection.Reason == CloseReason.Timeout;
        }, "it is disconnected when it gives none while this node is at work");
    }
}
