using Google.Protobuf;
using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Tests.Mesh;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Tests.Gossip;

public sealed class BroadcastFloodTests
{
    private const int Size = 64 * 1024;

    [Fact]
    public async Task A_broadcast_larger_than_a_message_may_be_is_not_taken()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(node);
        var large = Peers.Message(peer.Identity, MessageType.Broadcast, default, _ => ByteString.CopyFrom(new byte[512 * 1024]), TimeSpan.FromMinutes(5));
        await connection.SendAsync(large, TestContext.Current.CancellationToken);
        await connection.SendAsync(Peers.Broadcast(peer.Identity, "small"), TestContext.Current.CancellationToken);
        await node.ReceivesAsync("small");
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.messages.dropped", "oversize") == 1, "the large one is dropped");
        Assert.Single(await node.ReceivedAsync());
    }

    [Fact]
    public void Broadcasts_that_are_kept_for_others_are_bounded_in_bytes()
    {
        var recent = new RecentBroadcasts(capacity: 1000, maxBytes: 32 * Size, TimeSpan.FromMinutes(5), TimeProvider.System);
        var all = new List<Broadcast>();
        for (var sender = 0; sender < 10; sender++)
        {
            using var identity = NodeIdentity.Generate();
            all.AddRange(Enumerable.Range(0, 8).Select(_ => Make(identity)));
        }
        all.ForEach(recent.Add);
        var kept = all.Count(broadcast => recent.TryGet(broadcast.Key, out _));
        Assert.InRange(kept, 24, 32);
        Assert.True(recent.TryGet(all[^1].Key, out _));
        Assert.False(recent.TryGet(all[0].Key, out _));
    }

    [Fact]
    public void One_sender_pushes_out_no_broadcasts_of_others_that_are_kept()
    {
        var recent = new RecentBroadcasts(capacity: 40, maxBytes: 32 * Size, TimeSpan.FromMinutes(5), TimeProvider.System);
        using var honest = NodeIdentity.Generate();
        using var hostile = NodeIdentity.Generate();
        using var peer = NodeIdentity.Generate();
        var first = Make(honest);
        recent.Add(first);
        var flood = Enumerable.Range(0, 200).Select(_ => Make(hostile)).ToList();
        flood.ForEach(recent.Add);
        Assert.True(recent.TryGet(first.Key, out _));
        Assert.True(recent.TryGet(flood[^1].Key, out _));
        Assert.False(recent.TryGet(flood[0].Key, out _));

        // The announcement lists what is stored, in order and without repetition.
        var announced = recent.TakeAnnouncement(peer.Address, TimeSpan.Zero, limit: 1000);
        Assert.NotNull(announced);
        Assert.Equal(first.Key, announced.Keys[0]);
        Assert.All(announced.Keys, key => Assert.True(recent.TryGet(key, out _)));
        Assert.Null(recent.TakeAnnouncement(peer.Address, TimeSpan.Zero, limit: 1000));
        var late = Make(honest);
        recent.Add(late);
        Assert.Equal(late.Key, Assert.Single(recent.TakeAnnouncement(peer.Address, TimeSpan.Zero, limit: 1000)!.Keys));
    }

    private static Broadcast Make(NodeIdentity sender)
    {
        var now = DateTimeOffset.UtcNow;
        var envelope = Envelope.Create(
            sender, MessageType.Broadcast, MessageId.Create(now), default, now, now.AddMinutes(5), _ => ByteString.CopyFrom(new byte[Size]), parent: null);
        return new Broadcast(new BroadcastKey(envelope.Sender, envelope.Id).ToWire(), envelope, TimeProvider.System.GetTimestamp());
    }
}
