using Google.Protobuf;
using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;
using MessageType = Meshara.Node.Protocol.Wire.MessageType;

namespace Meshara.Tests.Protocol.Compatibility;

/// <summary>A release and the next one understand each other.</summary>
public sealed class ProtocolVersionTests
{
    // Field 1000 with the bytes "later": an example of what a later release might add to a frame, an envelope or a record.
    private static readonly byte[] LaterField = [0xc2, 0x3e, 0x05, .. "later"u8];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 1, 1u)]
    [InlineData(1, 2, 1u)]
    [InlineData(2, 3, null)]
    public async Task A_node_and_a_later_release_agree_on_the_newest_version_that_both_speak(uint oldest, uint newest, uint? agreed)
    {
        await using var now = new TransportEnd(new TransportOptions { Versions = new ProtocolVersions(1, 1) });
        await using var later = new TransportEnd(new TransportOptions { Versions = new ProtocolVersions(oldest, newest) });
        if (agreed is not null)
        {
            var connection = await later.ConnectAsync(now);
            await Eventually.TrueAsync(() => now.IsConnectedTo(later), "the other end is connected, too");
            Assert.True(now.Swarm.TryGet(later.Identity.Address, out var back));
            Assert.Equal((agreed.Value, agreed.Value), (connection.Version, back.Version));
            return;
        }
        var refused = await Assert.ThrowsAsync<MesharaException>(() => later.ConnectAsync(now));
        Assert.Contains("speaks version 1 of the protocol, and this node versions 2 to 3", refused.Message, StringComparison.Ordinal);
        Assert.False(now.IsConnectedTo(later));
    }

    [Fact]
    public void A_peer_that_says_nothing_of_versions_speaks_the_first() =>
        Assert.Equal(new ProtocolVersions(1, 1), ProtocolVersions.Of(new Hello()));

    [Fact]
    public async Task A_frame_that_only_a_later_release_knows_is_passed_over()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var later = new TransportEnd(new TransportOptions { Versions = new ProtocolVersions(1, 2) });
        var connection = await later.JoinAsync(node);
        await connection.SendAsync(Frame.Parser.ParseFrom(LaterField), Cancel);
        await connection.SendAsync(Peers.Broadcast(later.Identity, "after it"), Cancel);
        await node.ReceivesAsync("after it");
        Assert.True(connection.IsOpen);
    }

    [Fact]
    public async Task What_a_later_release_adds_to_a_message_survives_a_relay_of_this_one()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        await using var sender = new TransportEnd();
        await using var recipient = new TransportEnd();
        await recipient.JoinAsync(relay);
        var connection = await sender.JoinAsync(relay);
        var frame = Peers.Private(sender.Identity, recipient.Record, "with more than this release knows");
        frame.Envelope.MergeFrom(LaterField);
        await connection.SendAsync(frame, Cancel);
        await Eventually.TrueAsync(recipient.HasReceived, "it arrives");
        var arrived = recipient.Envelopes(MessageType.Private).Single(entry => entry.Envelope.Recipient.Span.SequenceEqual(recipient.Identity.Address.ToBytes()));
        Assert.True(arrived.Envelope.ToByteArray().AsSpan().IndexOf(LaterField) >= 0, "the relay has dropped what it does not know");
    }

    [Fact]
    public async Task A_kept_message_is_given_to_its_recipient_with_all_that_a_later_release_has_added()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        await using var sender = new TransportEnd();
        await using var recipient = new TransportEnd();
        recipient.OnFrame = async (connection, frame) =>
        {
            if (frame.BodyCase == Frame.BodyOneofCase.Handover)
                await connection.SendAsync(new Frame { Correlation = frame.Correlation, HandedOver = new HandedOver() }, Cancel);
        };
        var deposit = Peers.Private(sender.Identity, recipient.Record, "kept with more");
        deposit.Envelope.MergeFrom(LaterField);
        var connection = await sender.JoinAsync(relay);
        var answer = await connection.RequestAsync(new Frame { Deposit = new Deposit { Envelope = deposit.Envelope } }, Cancel);
        Assert.True(answer.Deposited.Held);
        await recipient.JoinAsync(relay);
        await Eventually.TrueAsync(() => Handover() is not null, "it is handed over");
        Assert.True(Handover()!.Envelope.ToByteArray().AsSpan().IndexOf(LaterField) >= 0, "the relay has dropped what it does not know");

        Handover? Handover() => recipient.Frames.Select(entry => entry.Frame.Handover).FirstOrDefault(handover => handover is not null);
    }
}
