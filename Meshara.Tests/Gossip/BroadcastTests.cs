using System.Text;
using Google.Protobuf;
using Meshara.Node.Protocol.Wire;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Gossip;

public sealed class BroadcastTests
{
    [Fact]
    public async Task A_broadcast_reaches_every_other_node_exactly_once()
    {
        await using var mesh = new MeshFixture(("Gossip:Fanout", "3"));
        var nodes = await mesh.StartManyAsync(12);
        foreach (var text in new[] { "first", "second" })
        {
            await SendAsync(nodes[5], text);
            await Task.WhenAll(nodes.Where(node => node != nodes[5]).Select(node => node.ReceivesAsync(text)));
        }
        // By now all copies of the first one have arrived everywhere.
        foreach (var node in nodes)
            Assert.Equal(node == nodes[5] ? [] : ["first", "second"], await node.ReceivedTextsAsync());
        Assert.All(await nodes[0].ReceivedAsync(), message => Assert.Equal((nodes[5].Address, true), (message.Sender, message.IsBroadcast)));
        await Eventually.EqualAsync(2, () => nodes[5].Metrics.Sum("meshara.messages.sent", "broadcast"));
        Assert.Equal(0, nodes[5].Metrics.Sum("meshara.messages.received", "broadcast"));
        foreach (var node in nodes.Where(node => node != nodes[5]))
        {
            await Eventually.EqualAsync(2, () => node.Metrics.Sum("meshara.messages.received", "broadcast"));
            await Eventually.EqualAsync(2, () => node.Metrics.Count("meshara.broadcast.propagation"));
        }
    }

    [Fact]
    public async Task A_node_that_joins_later_still_gets_what_is_recent()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(3);
        await SendAsync(nodes[1], "before you came");
        await nodes[0].ReceivesAsync("before you came");
        var late = await mesh.StartAsync();
        await late.ReceivesAsync("before you came");
        Assert.Single(await late.ReceivedAsync());
    }

    [Fact]
    public async Task A_node_pushes_to_no_more_peers_than_the_fan_out_and_announces_to_the_rest()
    {
        await using var mesh = new MeshFixture(("Gossip:Fanout", "2"));
        var hub = await mesh.StartAsync();
        await hub.BecomesReadyAsync();
        var peers = Enumerable.Range(0, 7).Select(_ => new TransportEnd()).ToList();
        foreach (var peer in peers)
            await peer.JoinAsync(hub);
        await SendAsync(hub, "to all");
        await Eventually.TrueAsync(() => peers.Count(Announced) == 5, "those it was not pushed to hear of it");
        Assert.Equal(2, peers.Sum(peer => peer.Envelopes(MessageType.Broadcast).Count));
        Assert.DoesNotContain(peers, peer => Announced(peer) && peer.Envelopes(MessageType.Broadcast).Count > 0);

        // A peer that wants it then gets it.
        var curious = peers.First(Announced);
        var want = new Want();
        want.Keys.Add(curious.Frames.First(entry => entry.Frame.BodyCase == Frame.BodyOneofCase.Announce).Frame.Announce.Keys[0]);
        Assert.True(curious.Swarm.TryGet(hub.Address, out var connection));
        await connection.SendAsync(new Frame { Want = want }, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => curious.Envelopes(MessageType.Broadcast).Count == 1, "what was asked for comes");
        foreach (var peer in peers)
            await peer.DisposeAsync();

        static bool Announced(TransportEnd peer) => peer.Frames.Any(entry => entry.Frame.BodyCase == Frame.BodyOneofCase.Announce);
    }

    [Fact]
    public async Task A_duplicate_is_suppressed_and_counted()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(node);
        var frame = Peers.Broadcast(peer.Identity, "once");
        for (var i = 0; i < 3; i++)
            await connection.SendAsync(frame, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.messages.dropped", "duplicate") == 2, "two copies are dropped");
        await node.ReceivesAsync("once");
        Assert.Single(await node.ReceivedAsync());
    }

    [Fact]
    public async Task A_forgery_is_dropped_and_does_not_keep_the_genuine_message_out()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(node);
        var genuine = Peers.Broadcast(peer.Identity, "genuine");
        var forged = genuine.Clone();
        forged.Envelope.Payload = ByteString.CopyFromUtf8("forged");
        await connection.SendAsync(forged, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.messages.dropped", "bad_signature") == 1, "the forgery is dropped");
        await connection.SendAsync(genuine, TestContext.Current.CancellationToken);
        await node.ReceivesAsync("genuine");
        Assert.Equal(["genuine"], await node.ReceivedTextsAsync());
        await Eventually.EqualAsync(1, () => node.Metrics.Sum("meshara.errors", "crypto"));
    }

    [Theory]
    [InlineData(5, 5)] // expired
    [InlineData(10, 60)] // a lifetime of an hour: every node would have to remember it that long
    public async Task A_broadcast_beyond_its_time_is_dropped(int ageInMinutes, int lifeMinutes)
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        await using var other = new TransportEnd();
        await other.JoinAsync(node);
        var connection = await peer.JoinAsync(node);
        var late = Peers.Broadcast(peer.Identity, "late", life: TimeSpan.FromMinutes(lifeMinutes));
        late.Envelope.Age = (ulong)TimeSpan.FromMinutes(ageInMinutes).TotalMicroseconds;
        await connection.SendAsync(late, TestContext.Current.CancellationToken);
        await connection.SendAsync(Peers.Broadcast(peer.Identity, "timely"), TestContext.Current.CancellationToken);
        await node.ReceivesAsync("timely");
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.messages.dropped", "expired") == 1, "the other one is dropped");
        Assert.Equal(["timely"], await node.ReceivedTextsAsync());
        await Eventually.TrueAsync(() => other.Envelopes(MessageType.Broadcast).Count == 1, "only the timely one is passed on");
    }

    [Fact]
    public async Task An_announced_key_of_a_wrong_length_ends_the_connection()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(node);
        var announce = new Announce();
        announce.Keys.Add(ByteString.CopyFromUtf8("short"));
        await connection.SendAsync(new Frame { Announce = announce }, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => peer.Disconnects >= 1, "the connection is closed");
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.connections.closed", "protocol") == 1, "for a breach of the protocol");
    }

    private static async Task SendAsync(MeshPeer node, string text) =>
        await node.Messenger.BroadcastAsync(Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken);
}
