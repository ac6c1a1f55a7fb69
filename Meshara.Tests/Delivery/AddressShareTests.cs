using Meshara.Lab.Drills.Hostile;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Tests.Mesh;
using Meshara.Tests.Storage;
using MessageType = Meshara.Node.Protocol.MessageType;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Delivery;

/// <summary>Many identities of one address share a limited part of a node's capacity, and leave the rest to others.</summary>
public sealed class AddressShareTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Many_identities_of_one_address_fill_half_of_what_a_relay_keeps()
    {
        Assert.SkipWhen(OperatingSystem.IsMacOS(), "Peers need a loopback address of their own.");
        await using var mesh = new MeshFixture(("Storage:MaxHeldMessages", "8"), ("Storage:MaxHeldMessagesPerSender", "2"));
        var relay = await mesh.StartAsync();
        await using var crowd = new HostileCrowd(TimeProvider.System);
        var kept = 0;
        for (var i = 0; i < 6; i++)
        {
            var peer = crowd.Add();
            Assert.True(await peer.TryConnectAsync(relay.Bound.Port, Cancel));
            for (var j = 0; j < 2; j++)
                kept += await IsKeptAsync(peer.Connection!, peer.Identity) ? 1 : 0;
        }
        Assert.Equal(4, kept);
        await using var friend = new TransportEnd();
        var connection = await friend.JoinAsync(relay);
        Assert.True(await IsKeptAsync(connection, friend.Identity));
    }

    [Fact]
    public async Task Many_identities_of_one_address_fill_half_of_an_inbox()
    {
        Assert.SkipWhen(OperatingSystem.IsMacOS(), "The node needs a loopback address of its own.");
        await using var mesh = new MeshFixture();
        var friend = await mesh.StartAsync();
        // Nodes that dial it come from an address other than its own; the friend, which it dials itself, does not.
        var node = await mesh.StartAsync(
            ("Mesh:Listen", "127.0.0.2:0"), ("Storage:MaxInboxMessages", "100"), ("Storage:MaxInboxMessagesPerSender", "20"));
        await Eventually.TrueAsync(() => node.IsConnectedTo(friend), "the friend is connected");
        var sent = new List<(MeshPeer Sender, Meshara.Node.Protocol.MessageId Id)>();
        for (var i = 0; i < 4; i++)
        {
            var sender = await mesh.StartAsync([node]);
            await Eventually.TrueAsync(() => sender.IsConnectedTo(node), "a sender is connected");
            for (var j = 0; j < 20; j++)
                sent.Add((sender, await sender.SendAsync(node, $"{i}-{j}")));
        }
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.messages.dropped", "inbox_full") > 0, "its inbox is full for them");

        Assert.Equal(MessageState.Acknowledged, (await friend.EndsAsync(await friend.SendAsync(node, "from elsewhere"))).State);
        await Eventually.EqualAsync(51, () => node.Metrics.Sum("meshara.messages.received", "private"));
        // Nothing is lost: messages that were refused wait until others are read.
        await Eventually.TrueAsync(async () => (await node.ReceivedAsync()).Count == 81, "all have arrived");
        foreach (var (sender, id) in sent)
            Assert.Equal(MessageState.Acknowledged, (await sender.EndsAsync(id)).State);
    }

    [Fact]
    public async Task Many_identities_of_one_address_store_their_records_only_so_often()
    {
        Assert.SkipWhen(OperatingSystem.IsMacOS(), "Peers need a loopback address of their own.");
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var crowd = new HostileCrowd(TimeProvider.System);
        for (var i = 0; i < 30; i++)
        {
            var peer = crowd.Add();
            Assert.True(await peer.TryConnectAsync(node.Bound.Port, Cancel));
            for (ulong sequence = 1; sequence <= 10; sequence++)
            {
                var record = PeerRecord.Create(peer.Identity, "many", [crowd.Silent], peer.Record.Sequence + sequence, DateTimeOffset.UtcNow.AddHours(1));
                Assert.True(peer.TrySend(new Frame { StoreRecord = new StoreRecord { Record = record.Wire } }));
            }
        }
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.messages.received", "dht") >= 300, "all have arrived");
        // The limit is a hundred at once, and a hundred more every ten seconds.
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.messages.dropped", "rate_limited") > 0, "some are dropped");
    }

    private static async Task<bool> IsKeptAsync(Meshara.Node.Transport.PeerConnection relay, NodeIdentity sender)
    {
        var message = HostilePeer.Message(sender, MessageType.Private, Samples.Friend, 256, DateTimeOffset.UtcNow);
        var answer = await relay.RequestAsync(new Frame { Deposit = new Deposit { Envelope = message.Envelope } }, Cancel);
        return answer.Deposited.Held;
    }
}
