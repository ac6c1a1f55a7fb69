using Meshara.Tests.Mesh;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Transport;

/// <summary>Peers that accept, authenticate and disconnect: every dial succeeds but is useless.</summary>
public sealed class UselessSuccessTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_peer_that_hangs_up_at_once_is_left_alone_for_longer_each_time()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var node = new TransportEnd(time: time);
        await using var peer = new TransportEnd();
        peer.Swarm.Connected += connection => connection.Close("test");
        for (var i = 1; i <= 3; i++)
        {
            await node.ConnectAsync(peer);
            await Eventually.TrueAsync(() => node.Disconnects == i && !node.Swarm.MayDial(peer.Record), "it has hung up");
            time.Advance(TimeSpan.FromSeconds(1.5)); // longer than the longest first pause, and shorter than the third
            if (i < 3)
                time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.False(node.Swarm.MayDial(peer.Record));
    }

    [Fact]
    public async Task A_bootstrap_node_that_hangs_up_at_once_is_not_dialled_on_and_on()
    {
        await using var mesh = new MeshFixture();
        await using var peer = new TransportEnd();
        peer.Swarm.Connected += connection => connection.Close("test");
        var node = await mesh.StartAsync([], ("Mesh:Bootstrap", $"tcp://{peer.Endpoint}"));
        await Eventually.TrueAsync(() => peer.Connects > 0, "it is dialled");
        await Task.Delay(TimeSpan.FromSeconds(6), Cancel); // enough for pauses of half a second to six seconds
        Assert.InRange(peer.Connects, 1, 8);
        Assert.Equal(0, node.View.ConnectedPeers);
    }
}
