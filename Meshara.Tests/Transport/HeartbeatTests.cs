using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Transport;

public sealed class HeartbeatTests
{
    private static TransportOptions Quick => new()
    {
        HeartbeatInterval = TimeSpan.FromMilliseconds(500),
        MinHeartbeatTimeout = TimeSpan.FromMilliseconds(500),
        MaxHeartbeatTimeout = TimeSpan.FromSeconds(1),
    };

    [Fact]
    public async Task Heartbeats_measure_the_round_trip()
    {
        await using var left = new TransportEnd();
        await using var right = new TransportEnd();
        var connection = await left.ConnectAsync(right);
        await Eventually.TrueAsync(() => connection.RoundTrip is not null, "the round trip is known");
        await Eventually.TrueAsync(() => left.Metrics.Sum("meshara.messages.sent", "ping") >= 1, "it is counted");
        await Eventually.TrueAsync(() => right.Metrics.Sum("meshara.messages.received", "ping") >= 1, "it is counted");
    }

    [Fact]
    public async Task A_peer_that_falls_silent_is_given_up()
    {
        await using var left = new TransportEnd(Quick);
        await using var right = new TransportEnd();
        await using var proxy = new FreezableProxy(right.Endpoint);
        var connection = await Eventually.InTimeAsync(left.Swarm.ConnectAsync(proxy.Endpoint, TestContext.Current.CancellationToken));
        await Eventually.TrueAsync(() => connection.RoundTrip is not null, "heartbeats are answered");
        proxy.Freeze();
        await Eventually.TrueAsync(() => left.Swarm.Count == 0, "the silent peer is dropped");
        await Eventually.EqualAsync(1, () => left.Metrics.Sum("meshara.connections.closed", "timeout"));
        await Eventually.EqualAsync(1, () => left.Metrics.Sum("meshara.connection.errors", "timeout"));
        Assert.Equal(1, left.Disconnects);
    }

    [Fact]
    public async Task A_peer_that_talks_but_is_idle_stays()
    {
        await using var left = new TransportEnd(Quick);
        await using var right = new TransportEnd();
        var connection = await left.ConnectAsync(right);
        await Eventually.TrueAsync(() => left.Metrics.Sum("meshara.messages.sent", "ping") >= 3, "several heartbeats have passed");
        Assert.True(connection.IsOpen);
        Assert.Equal(0, left.Disconnects);
    }

    [Fact]
    public async Task A_node_stops_although_a_peer_takes_nothing_any_more()
    {
        var left = new TransportEnd();
        await using var right = new TransportEnd();
        await using var proxy = new FreezableProxy(right.Endpoint);
        var connection = await Eventually.InTimeAsync(left.Swarm.ConnectAsync(proxy.Endpoint, TestContext.Current.CancellationToken));
        proxy.Freeze();
        while (connection.HasRoom)
            await connection.SendAsync(new Frame { Want = TransportEnd.Numbered(0, padding: 1024 * 1024).Want }, TestContext.Current.CancellationToken);
        await left.DisposeAsync(); // fails at its own deadline
    }
}
