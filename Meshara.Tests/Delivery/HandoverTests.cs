using Google.Protobuf;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Storage;
using Meshara.Tests.Mesh;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Tests.Delivery;

/// <summary>A relay hands its messages over to a recipient that is back.</summary>
public sealed class HandoverTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_recipient_did_not_take_at_first_is_handed_over_again_while_it_is_connected()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        await using var alice = new TransportEnd();
        await using var bob = new TransportEnd();
        await DepositAsync(relay, alice, bob);
        var handovers = 0;
        bob.OnFrame = async (connection, frame) =>
        {
            if (frame.BodyCase != Frame.BodyOneofCase.Handover || Interlocked.Increment(ref handovers) == 1)
                return; // busy for a moment, for example with its disk
            await connection.SendAsync(new Frame { Correlation = frame.Correlation, HandedOver = new HandedOver() }, CancellationToken.None);
        };
        await bob.JoinAsync(relay);
        var store = relay.Get<IRelayStore>();
        await Eventually.TrueAsync(async () => (await store.TakeHeldAsync(bob.Identity.Address, 10, Cancel)).Count == 0, "nothing is kept any more");
        Assert.Equal(2, handovers);
        Assert.Equal(0, bob.Disconnects);
    }

    [Fact]
    public async Task A_relay_keeps_only_what_its_sender_itself_brings()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        await using var alice = new TransportEnd();
        await using var mallory = new TransportEnd();
        var toRelay = await mallory.JoinAsync(relay);
        var message = Peers.Message(alice.Identity, MessageType.Private, Peers.Record().Address, _ => ByteString.CopyFromUtf8("x"));
        var answer = await toRelay.RequestAsync(new Frame { Deposit = new Deposit { Envelope = message.Envelope } }, Cancel);
        Assert.False(answer.Deposited.Held);
        await Eventually.EqualAsync(1, () => relay.Metrics.Sum("meshara.messages.dropped", "rate_limited"));
        Assert.True(toRelay.IsOpen);
    }

    [Fact]
    public async Task Recipients_that_do_not_answer_delay_no_hand_over_to_others()
    {
        await using var mesh = new MeshFixture(("Transport:RequestTimeout", "00:10:00"));
        var relay = await mesh.StartAsync();
        await using var alice = new TransportEnd();
        await using var silent = new TransportEnd();
        await using var bob = new TransportEnd();
        await DepositAsync(relay, alice, silent);
        await DepositAsync(relay, alice, bob);
        await silent.JoinAsync(relay);
        await Eventually.TrueAsync(() => HasHandover(silent), "the silent one is handed its message");
        await bob.JoinAsync(relay);
        await Eventually.TrueAsync(() => HasHandover(bob), "and so is the other");
    }

    private static bool HasHandover(TransportEnd end) => end.Frames.Any(entry => entry.Frame.BodyCase == Frame.BodyOneofCase.Handover);

    private static async Task DepositAsync(MeshPeer relay, TransportEnd sender, TransportEnd recipient)
    {
        var connection = await sender.JoinAsync(relay);
        var message = Peers.Message(sender.Identity, MessageType.Private, recipient.Identity.Address, _ => ByteString.CopyFromUtf8("kept"));
        var answer = await connection.RequestAsync(new Frame { Deposit = new Deposit { Envelope = message.Envelope } }, Cancel);
        Assert.True(answer.Deposited.Held);
    }
}
