using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;
using Envelope = Meshara.Node.Protocol.Wire.Envelope;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Tests.Transport;

/// <summary>A peer that does not read costs this node a bounded buffer, and costs others nothing.</summary>
public sealed class SlowConsumerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_peer_that_never_reads_is_disconnected()
    {
        await using var node = new TransportEnd(new TransportOptions { SendTimeout = TimeSpan.FromSeconds(2) });
        await using var slow = await SlowPeer.JoinAsync(node.Endpoint, node.Swarm);
        var sending = slow.FillAsync(node.Swarm);
        await Eventually.TrueAsync(async () =>
        {
            await slow.LiveAsync();
            return node.Metrics.Sum("meshara.connections.closed", "slow_consumer") == 1;
        }, "the slow peer is disconnected, although it gives signs of life");
        Assert.Equal(0, node.Swarm.Count);
        await Eventually.InTimeAsync(sending); // senders no longer wait for it, either
    }

    [Fact]
    public async Task A_peer_that_reads_slowly_stays()
    {
        await using var node = new TransportEnd(new TransportOptions { SendTimeout = TimeSpan.FromSeconds(2), SendBufferBytes = 64 * 1024 });
        await using var peer = new TransportEnd();
        var taken = new SemaphoreSlim(0);
        peer.OnFrame = async (_, _) => await taken.WaitAsync(Cancel);
        var connection = await node.ConnectAsync(peer);
        while (connection.HasRoom)
            await connection.SendAsync(TransportEnd.Numbered(0, padding: 64 * 1024), Cancel);
        // The peer repeatedly reads nothing for half of the allowed time, then a little.
        for (var i = 0; i < 5; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), Cancel);
            taken.Release(20);
        }
        Assert.True(connection.IsOpen);
        taken.Release(10_000);
        await Eventually.TrueAsync(() => connection.HasRoom, "what was queued has left");
    }

    [Fact]
    public async Task A_peer_that_never_reads_holds_up_no_relaying_for_others()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        await using var slow = await SlowPeer.JoinAsync(relay.Bound, relay.Swarm);
        await using var flooder = new TransportEnd();
        await using var alice = new TransportEnd();
        await using var bob = new TransportEnd();
        var flood = await flooder.JoinAsync(relay);
        var fromAlice = await alice.JoinAsync(relay);
        await bob.JoinAsync(relay);
        for (var i = 0; i < 40; i++)
            await flood.SendAsync(Message(flooder, slow.Address, 1024 * 1024), Cancel);
        Assert.True(relay.Swarm.TryGet(slow.Address, out var connection));
        await Eventually.TrueAsync(() => !connection.HasRoom, "no more fits into the slow peer's buffer");
        await fromAlice.SendAsync(Message(alice, bob.Identity.Address, 10), Cancel);
        await Eventually.TrueAsync(async () =>
        {
            await slow.LiveAsync();
            return bob.HasReceived();
        }, "a message between two others arrives");
    }

    [Fact]
    public async Task What_its_recipient_does_not_take_is_sent_to_nobody_else()
    {
        await using var mesh = new MeshFixture(("Transport:SendTimeout", "00:00:03"));
        var relay = await mesh.StartAsync();
        await using var slow = await SlowPeer.JoinAsync(relay.Bound, relay.Swarm);
        await using var flooder = new TransportEnd();
        await using var other = new TransportEnd();
        var flood = await flooder.JoinAsync(relay);
        await other.JoinAsync(relay);
        for (var i = 0; i < 40; i++)
            await flood.SendAsync(Message(flooder, slow.Address, 1024 * 1024), Cancel);
        await Eventually.TrueAsync(async () =>
        {
            await slow.LiveAsync();
            return relay.Metrics.Sum("meshara.messages.dropped", "queue_full") > 0 && Returned() > 0;
        }, "what is too much comes back");
        var early = Returned();
        await Eventually.TrueAsync(async () =>
        {
            await slow.LiveAsync();
            return relay.Metrics.Sum("meshara.connections.closed", "slow_consumer") == 1 && Returned() > early;
        }, "what waited comes back when the slow peer is disconnected");
        Assert.Empty(other.Envelopes(Meshara.Node.Protocol.Wire.MessageType.Private));

        int Returned() => flooder.Frames.Count(entry => entry.Frame.BodyCase == Frame.BodyOneofCase.Undeliverable);
    }

    [Fact]
    public async Task Requests_of_two_ends_with_full_buffers_are_all_answered()
    {
        var options = new TransportOptions { SendBufferBytes = 64 * 1024, RequestTimeout = TimeSpan.FromMinutes(10) };
        await using var left = new TransportEnd(options);
        await using var right = new TransportEnd(options);
        left.OnFrame = right.OnFrame = Answer;
        var toRight = await left.ConnectAsync(right);
        await Eventually.TrueAsync(() => right.IsConnectedTo(left), "both ends are connected");
        Assert.True(right.Swarm.TryGet(left.Identity.Address, out var toLeft));
        await Eventually.InTimeAsync(Task.WhenAll(LoadAsync(toRight), LoadAsync(toLeft)));

        static ValueTask Answer(PeerConnection connection, Frame frame)
        {
            connection.TrySendUrgent(new Frame { Correlation = frame.Correlation, Deposited = new Deposited { Held = true } });
            return ValueTask.CompletedTask;
        }

        static Task LoadAsync(PeerConnection connection) => Parallel.ForEachAsync(
            Enumerable.Range(0, 100), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancel }, async (_, cancel) =>
            {
                var frame = new Frame { Deposit = new Deposit { Envelope = new Envelope { Payload = ByteString.CopyFrom(new byte[1024 * 1024]) } } };
                Assert.True((await connection.RequestAsync(frame, cancel)).Deposited.Held);
            });
    }

    private static Frame Message(TransportEnd sender, NodeAddress recipient, int bytes) =>
        Peers.Message(sender.Identity, MessageType.Private, recipient, _ => ByteString.CopyFrom(new byte[bytes]));
}
