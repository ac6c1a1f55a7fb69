using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Tests.Mesh;
using MessageType = Meshara.Node.Protocol.MessageType;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Delivery;

/// <summary>Recipients whose endpoint accepts connections and stays silent: a dial of one lasts as long as the test.</summary>
public sealed class DeadRecipientTests : IDisposable
{
    private static readonly (string, string) Endless = ("Transport:HandshakeTimeout", "00:10:00");

    private readonly TcpListener _silent = new(IPAddress.Loopback, 0);

    public DeadRecipientTests() => _silent.Start(512);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _silent.Dispose();

    [Fact]
    public async Task Recipients_that_cannot_be_dialled_hold_up_no_relaying_for_others()
    {
        await using var mesh = new MeshFixture(Endless);
        var relay = await mesh.StartAsync();
        await using var alice = new TransportEnd();
        await using var bob = new TransportEnd();
        var fromAlice = await alice.JoinAsync(relay);
        await bob.JoinAsync(relay);
        foreach (var dead in Dead(40))
        {
            relay.Get<PeerBook>().Add(dead);
            await fromAlice.SendAsync(Message(alice, dead.Address), Cancel);
        }
        await fromAlice.SendAsync(Message(alice, bob.Identity.Address), Cancel);
        await Eventually.TrueAsync(() => bob.HasReceived(), "a message between two connected peers arrives");
    }

    [Fact]
    public async Task Recipients_that_cannot_be_dialled_delay_no_message_to_others()
    {
        await using var mesh = new MeshFixture(Endless);
        var node = await mesh.StartAsync();
        var friend = await mesh.StartAsync();
        await friend.BecomesReadyAsync();
        await using var bob = new TransportEnd(); // known and within reach, but not connected
        node.Get<PeerBook>().Add(bob.Record);
        foreach (var dead in Dead(40))
        {
            node.Get<PeerBook>().Add(dead);
            await node.Messenger.SendAsync(dead.Address, new byte[10], null, Cancel);
        }
        await node.Messenger.SendAsync(bob.Identity.Address, new byte[10], null, Cancel);
        await Eventually.TrueAsync(() => bob.HasReceived(), "a message to a recipient within reach leaves");
        await node.EndsAsync(await node.SendAsync(friend, "and so does one to a connected peer"));
    }

    [Fact]
    public async Task Acknowledgments_to_senders_that_cannot_be_dialled_delay_none_to_others()
    {
        await using var mesh = new MeshFixture(Endless);
        var node = await mesh.StartAsync();
        var friend = await mesh.StartAsync();
        await friend.BecomesReadyAsync();
        await using var relay = new TransportEnd();
        var fromRelay = await relay.JoinAsync(node);
        for (var i = 0; i < 64; i++)
        {
            using var dead = NodeIdentity.Generate();
            node.Get<PeerBook>().Add(Record(dead));
            await fromRelay.SendAsync(Peers.Private(dead, node.Get<Meshara.Node.Transport.LocalRecord>().Current, "answer me"), Cancel);
            node.Get<RouteCache>().Forget(dead.Address);
        }
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.messages.received", "private") == 64, "all of them are received");
        var status = await friend.EndsAsync(await friend.SendAsync(node, "answer me, too"));
        Assert.Equal(Meshara.Node.Delivery.MessageState.Acknowledged, status.State);
    }

    [Fact]
    public async Task A_peer_is_reached_at_its_second_endpoint_while_the_first_one_is_silent()
    {
        await using var left = new TransportEnd(new Meshara.Node.Transport.TransportOptions { HandshakeTimeout = TimeSpan.FromMinutes(10) });
        await using var right = new TransportEnd();
        var record = PeerRecord.Create(
            right.Identity, "two endpoints", [Silent, PeerEndpoint.Tcp("127.0.0.1", right.Endpoint.Port)], 5, DateTimeOffset.UtcNow.AddHours(1));
        var connection = await Eventually.InTimeAsync(left.Swarm.ConnectAsync(record, Cancel));
        Assert.Equal(right.Identity.Address, connection.Peer);
        Assert.Equal(0, left.Metrics.Sum("meshara.connection.errors"));
    }

    private PeerEndpoint Silent => PeerEndpoint.Tcp("127.0.0.1", ((IPEndPoint)_silent.LocalEndpoint).Port);

    private IEnumerable<PeerRecord> Dead(int count)
    {
        for (var i = 0; i < count; i++)
        {
            using var identity = NodeIdentity.Generate();
            yield return Record(identity);
        }
    }

    private PeerRecord Record(NodeIdentity identity) => PeerRecord.Create(identity, "dead", [Silent], 1, DateTimeOffset.UtcNow.AddHours(1));

    private static Frame Message(TransportEnd sender, NodeAddress recipient) =>
        Peers.Message(sender.Identity, MessageType.Private, recipient, _ => ByteString.CopyFromUtf8("x"));
}
