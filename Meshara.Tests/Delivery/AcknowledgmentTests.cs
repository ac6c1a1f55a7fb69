using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;
using MessageType = Meshara.Node.Protocol.Wire.MessageType;

namespace Meshara.Tests.Delivery;

/// <summary>A real node, with recipients and senders played by the test.</summary>
public sealed class AcknowledgmentTests
{
    [Fact]
    public async Task Only_the_recipient_can_acknowledge()
    {
        await using var mesh = new MeshFixture();
        var sender = await mesh.StartAsync();
        await sender.BecomesReadyAsync();
        await using var recipient = new TransportEnd();
        await using var stranger = new TransportEnd();
        var answers = await recipient.JoinAsync(sender);
        var lies = await stranger.JoinAsync(sender);
        var id = await sender.Messenger.SendAsync(recipient.Identity.Address, "x"u8.ToArray(), null, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => recipient.Envelopes(MessageType.Private).Count > 0, "the message is on its way");

        await lies.SendAsync(Peers.Ack(stranger.Identity, sender.Address, id), TestContext.Current.CancellationToken);
        var forged = Peers.Ack(stranger.Identity, sender.Address, id);
        forged.Envelope.Sender = Google.Protobuf.ByteString.CopyFrom(recipient.Identity.Address.ToBytes());
        await lies.SendAsync(forged, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(
            () => sender.Metrics.Sum("meshara.messages.received", "ack") == 1 && sender.Metrics.Sum("meshara.messages.dropped", "bad_signature") == 1, "both lies were looked at");
        Assert.Equal(MessageState.Pending, (await sender.StatusAsync(id)).State);

        await answers.SendAsync(Peers.Ack(recipient.Identity, sender.Address, id), TestContext.Current.CancellationToken);
        Assert.Equal(MessageState.Acknowledged, (await sender.EndsAsync(id)).State);
    }

    [Fact]
    public async Task An_unacknowledged_message_is_sent_again_and_counted_once()
    {
        await using var mesh = new MeshFixture(("Delivery:RetryBase", "00:00:00.100"));
        var sender = await mesh.StartAsync();
        await sender.BecomesReadyAsync();
        await using var recipient = new TransportEnd();
        var answers = await recipient.JoinAsync(sender);
        var id = await sender.Messenger.SendAsync(recipient.Identity.Address, "x"u8.ToArray(), null, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => recipient.Envelopes(MessageType.Private).Count >= 3, "it comes again and again");
        Assert.Single(recipient.Envelopes(MessageType.Private).Select(frame => frame.Envelope.Signature).Distinct());
        for (var i = 0; i < 2; i++)
            await answers.SendAsync(Peers.Ack(recipient.Identity, sender.Address, id), TestContext.Current.CancellationToken);
        var status = await sender.EndsAsync(id);
        Assert.Equal(MessageState.Acknowledged, status.State);
        await Eventually.TrueAsync(() => sender.Metrics.Sum("meshara.messages.received", "ack") == 2, "the second acknowledgment has come");
        await Eventually.EqualAsync(1, () => sender.Metrics.Sum("meshara.messages.sent", "private"));
        await Eventually.EqualAsync(1, () => sender.Metrics.Sum("meshara.delivery.attempts", "acknowledged"));
        await Eventually.EqualAsync(status.Attempts - 1, () => sender.Metrics.Sum("meshara.delivery.attempts", "timeout"));
        await Eventually.EqualAsync(1, () => sender.Metrics.Count("meshara.message.latency"));
    }

    [Fact]
    public async Task A_message_that_comes_twice_is_delivered_once_and_acknowledged_twice()
    {
        await using var mesh = new MeshFixture();
        var recipient = await mesh.StartAsync();
        await recipient.BecomesReadyAsync();
        await using var sender = new TransportEnd();
        var connection = await sender.JoinAsync(recipient);
        var frame = Peers.Private(sender.Identity, recipient.Get<LocalRecord>().Current, "once");
        await connection.SendAsync(frame, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => Acknowledged(sender).Count == 1, "the first is acknowledged");
        await connection.SendAsync(frame, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => Acknowledged(sender).Count == 2, "the second is acknowledged");
        Assert.All(Acknowledged(sender), entry => Assert.Equal((Peers.IdOf(frame), AckStatus.Delivered), (new MessageId(entry.Id.Span), entry.Status)));
        Assert.Equal(["once"], await recipient.ReceivedTextsAsync());
        await Eventually.EqualAsync(1, () => recipient.Metrics.Sum("meshara.messages.received", "private"));
        await Eventually.EqualAsync(1, () => recipient.Metrics.Sum("meshara.messages.dropped", "duplicate"));
    }

    [Theory]
    [InlineData("payload", "bad_signature")]
    [InlineData("expired", "expired")]
    public async Task What_is_forged_or_expired_is_neither_delivered_nor_acknowledged(string what, string reason)
    {
        await using var mesh = new MeshFixture();
        var recipient = await mesh.StartAsync();
        await recipient.BecomesReadyAsync();
        await using var sender = new TransportEnd();
        var connection = await sender.JoinAsync(recipient);
        var record = recipient.Get<LocalRecord>().Current;
        var bad = Peers.Private(sender.Identity, record, "bad", what == "expired" ? TimeSpan.Zero : null);
        if (what == "payload")
            bad.Envelope.Payload = Google.Protobuf.ByteString.CopyFrom([.. bad.Envelope.Payload.Span, 0]);
        var good = Peers.Private(sender.Identity, record, "good");
        await connection.SendAsync(bad, TestContext.Current.CancellationToken);
        await connection.SendAsync(good, TestContext.Current.CancellationToken);
        await recipient.ReceivesAsync("good");
        await Eventually.TrueAsync(() => recipient.Metrics.Sum("meshara.messages.dropped", reason) == 1 && Acknowledged(sender).Count == 1, "each is dealt with");
        Assert.Equal(Peers.IdOf(good), new MessageId(Acknowledged(sender)[0].Id.Span));
        Assert.Equal(["good"], await recipient.ReceivedTextsAsync());
    }

    [Fact]
    public async Task A_malformed_message_ends_the_connection()
    {
        await using var mesh = new MeshFixture();
        var recipient = await mesh.StartAsync();
        await using var sender = new TransportEnd();
        var connection = await sender.JoinAsync(recipient);
        var frame = Peers.Broadcast(sender.Identity, "x");
        frame.Envelope.Version = 9;
        await connection.SendAsync(frame, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => sender.Disconnects == 1, "the connection is closed");
    }

    [Fact]
    public async Task Acknowledgments_to_one_sender_share_envelopes()
    {
        const int count = 600;
        await using var mesh = new MeshFixture();
        var recipient = await mesh.StartAsync();
        await recipient.BecomesReadyAsync();
        await using var sender = new TransportEnd();
        await sender.JoinAsync(recipient);
        var ids = Enumerable.Range(0, count).Select(_ => MessageId.Create(DateTimeOffset.UtcNow)).ToList();
        var acknowledger = recipient.Get<Acknowledger>();
        foreach (var id in ids)
            acknowledger.Answer(sender.Identity.Address, id, AckStatus.Delivered, default);
        await Eventually.TrueAsync(() => Acknowledged(sender).Count == count, "all answers have come");
        Assert.Equal(ids.Order(), Acknowledged(sender).Select(entry => new MessageId(entry.Id.Span)).Order());
        var envelopes = sender.Envelopes(MessageType.Ack);
        Assert.InRange(envelopes.Count, 2, count / 2); // 512 fit into one
        await Eventually.EqualAsync(envelopes.Count, () => recipient.Metrics.Sum("meshara.messages.sent", "ack"));
    }

    [Fact]
    public async Task A_draining_node_waits_for_acknowledgments_of_what_is_on_its_way()
    {
        await using var mesh = new MeshFixture(("Delivery:DrainTimeout", "00:00:30"), ("Delivery:RetryBase", "00:00:30"), ("Delivery:RetryCap", "00:01:00"));
        var sender = await mesh.StartAsync();
        await sender.BecomesReadyAsync();
        await using var recipient = new TransportEnd();
        var answers = await recipient.JoinAsync(sender);
        var id = await sender.Messenger.SendAsync(recipient.Identity.Address, "x"u8.ToArray(), null, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => recipient.Envelopes(MessageType.Private).Count == 1, "the message is on its way");
        var stopping = sender.StopAsync();
        await Eventually.TrueAsync(() => sender.View.State == Meshara.Node.NodeState.Draining, "the node drains");
        Assert.False(stopping.IsCompleted);
        Assert.True(sender.Swarm.TryGet(recipient.Identity.Address, out _));
        await answers.SendAsync(Peers.Ack(recipient.Identity, sender.Address, id), TestContext.Current.CancellationToken);
        await Eventually.InTimeAsync(stopping);
        Assert.Equal(MessageState.Acknowledged, (await sender.StatusAsync(id)).State);
    }

    [Fact]
    public async Task A_recipient_that_connects_again_gets_what_it_has_not_acknowledged_at_once()
    {
        await using var mesh = new MeshFixture(("Delivery:RetryBase", "00:01:00"), ("Delivery:RetryCap", "00:10:00"));
        var sender = await mesh.StartAsync();
        await sender.BecomesReadyAsync();
        await using var recipient = new TransportEnd();
        var first = await recipient.JoinAsync(sender);
        var id = await sender.Messenger.SendAsync(recipient.Identity.Address, "x"u8.ToArray(), null, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => recipient.Envelopes(MessageType.Private).Count == 1, "the message has come");
        first.Close("test");
        await Eventually.TrueAsync(() => recipient.Disconnects >= 1, "the connection is gone");
        await recipient.ConnectAsync(sender); // or the node dials first: either brings it
        await Eventually.TrueAsync(() => recipient.Envelopes(MessageType.Private).Count > 1, "it comes again, long before its time");
        Assert.Equal(MessageState.Pending, (await sender.StatusAsync(id)).State);
    }

    [Fact]
    public async Task Messages_that_wait_together_share_signatures_and_each_is_valid_on_its_own()
    {
        const int count = 40;
        await using var mesh = new MeshFixture(("Delivery:RetryBase", "00:01:00"), ("Delivery:RetryCap", "00:10:00"));
        var sender = await mesh.StartAsync();
        await sender.BecomesReadyAsync();
        using var identity = NodeIdentity.Generate();
        await using (var before = new TransportEnd(identity: NodeIdentity.Import(identity.ExportSecret())))
            await before.JoinAsync(sender);
        await Eventually.TrueAsync(() => !sender.Swarm.TryGet(identity.Address, out _), "the recipient is gone");
        for (var i = 0; i < count; i++)
            await sender.Messenger.SendAsync(identity.Address, "x"u8.ToArray(), null, TestContext.Current.CancellationToken);
        await using var recipient = new TransportEnd(identity: NodeIdentity.Import(identity.ExportSecret()));
        await recipient.ConnectAsync(sender);
        await Eventually.TrueAsync(() => Distinct(frame => frame.Envelope.Id).Count == count, "all have come");
        Assert.All(recipient.Envelopes(MessageType.Private), frame =>
        {
            Assert.True(Meshara.Node.Protocol.Envelope.TryParse(frame.Envelope, out var envelope, out var reason), reason);
            Assert.True(envelope.HasValidSignature());
        });
        Assert.InRange(Distinct(frame => frame.Envelope.Signature).Count, count / Meshara.Node.Protocol.Envelope.MaxBatch, count / 2);

        HashSet<Google.Protobuf.ByteString> Distinct(Func<Frame, Google.Protobuf.ByteString> field) =>
            [.. recipient.Envelopes(MessageType.Private).Select(field)];
    }

    private static List<AckEntry> Acknowledged(TransportEnd sender) =>
        [.. sender.Envelopes(MessageType.Ack).SelectMany(frame => AckPayload.Parser.ParseFrom(frame.Envelope.Payload).Entries)];
}
