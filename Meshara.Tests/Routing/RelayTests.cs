using System.Diagnostics;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Node.Telemetry;
using Meshara.Tests.Mesh;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageType = Meshara.Node.Protocol.Wire.MessageType;

namespace Meshara.Tests.Routing;

public sealed class RelayTests
{
    private static readonly (string, string) Hidden = ("Mesh:Advertise", "none");

    [Fact]
    public async Task A_message_between_two_nodes_that_nobody_can_dial_goes_through_a_relay()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        var left = await mesh.StartAsync(Hidden);
        var right = await mesh.StartAsync(Hidden);
        await Task.WhenAll(left.BecomesReadyAsync(), right.BecomesReadyAsync());

        var status = await left.EndsAsync(await left.SendAsync(right, "through the relay"));

        Assert.Equal(MessageState.Acknowledged, status.State);
        Assert.Equal(["through the relay"], await right.ReceivedTextsAsync());
        Assert.False(left.IsConnectedTo(right) || right.IsConnectedTo(left));
        await Eventually.TrueAsync(() => relay.Metrics.Sum("meshara.messages.forwarded", "private") >= 1, "it is counted");
        await Eventually.EqualAsync((1, 1), () => (right.Metrics.Count("meshara.message.hops", "private"), right.Metrics.Sum("meshara.message.hops", "private")));
        await Eventually.TrueAsync(() => Forwarded() is not null, "the relay's span is finished");
        var forwarded = Forwarded()!;
        Assert.Equal(left.Spans.Named(SpanNames.SendToPeer).First(span => span.TraceId == forwarded.TraceId).SpanId, forwarded.ParentSpanId);

        Activity? Forwarded() => relay.Spans.Named(SpanNames.ForwardMessage).FirstOrDefault(span => Equals(span.GetTagItem("peer"), right.Address.ToString()));
    }

    [Fact]
    public async Task A_chain_of_two_relays_carries_a_message_and_its_acknowledgment()
    {
        // Only the bootstrap endpoints can be dialled, so the only path is source, two, one, sink.
        await using var mesh = new MeshFixture(Hidden);
        var one = await mesh.StartAsync();
        var sink = await mesh.StartAsync([one]);
        await sink.BecomesReadyAsync();
        var two = await mesh.StartAsync([one]);
        await two.BecomesReadyAsync();
        var source = await mesh.StartAsync([two]);
        await source.BecomesReadyAsync();

        var status = await source.EndsAsync(await source.SendAsync(sink, "a long way"));

        Assert.Equal(MessageState.Acknowledged, status.State);
        Assert.Equal(["a long way"], await sink.ReceivedTextsAsync());
        await Eventually.EqualAsync(2, () => sink.Metrics.Sum("meshara.message.hops", "private"));
        Assert.Equal((1, 1), (source.View.ConnectedPeers, sink.View.ConnectedPeers));
        await Eventually.TrueAsync(() => one.Metrics.Sum("meshara.messages.forwarded", "ack") >= 1 && two.Metrics.Sum("meshara.messages.forwarded", "ack") >= 1, "it is counted");
    }

    [Fact]
    public async Task A_message_at_its_hop_limit_goes_no_further()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        await using var sender = new TransportEnd();
        await using var recipient = new TransportEnd();
        await recipient.JoinAsync(relay);
        var connection = await sender.JoinAsync(relay);
        var frame = Peers.Message(sender.Identity, Meshara.Node.Protocol.MessageType.Private, recipient.Identity.Address, _ => Google.Protobuf.ByteString.CopyFromUtf8("x"));
        for (var hop = 0; hop < Envelope.DefaultHopLimit; hop++)
        {
            Assert.True(Envelope.TryParse(frame.Envelope, out var envelope, out _));
            using var passed = NodeIdentity.Generate();
            frame = new Frame { Envelope = envelope.NextHop(passed.Address, default) };
        }
        await connection.SendAsync(frame, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => relay.Metrics.Sum("meshara.messages.dropped", "hop_limit") == 1, "the message is dropped");
        Assert.Empty(recipient.Envelopes(MessageType.Private));
    }

    [Fact]
    public async Task A_message_never_returns_to_where_it_has_been()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        await using var sender = new TransportEnd();
        await using var visited = new TransportEnd();
        await using var fresh = new TransportEnd();
        using var nobody = NodeIdentity.Generate();
        await visited.JoinAsync(relay);
        var connection = await sender.JoinAsync(relay);
        var made = Peers.Message(sender.Identity, Meshara.Node.Protocol.MessageType.Private, nobody.Address, _ => Google.Protobuf.ByteString.CopyFromUtf8("x"));
        Assert.True(Envelope.TryParse(made.Envelope, out var envelope, out _));
        var frame = new Frame { Envelope = envelope.NextHop(visited.Identity.Address, default) };

        await connection.SendAsync(frame, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => sender.Frames.Any(entry => entry.Frame.BodyCase == Frame.BodyOneofCase.Undeliverable), "it comes back as undeliverable");
        Assert.Empty(visited.Envelopes(MessageType.Private));
        Assert.Equal(made.Envelope.Id, sender.Frames.First(entry => entry.Frame.BodyCase == Frame.BodyOneofCase.Undeliverable).Frame.Undeliverable.Id);
        await Eventually.TrueAsync(() => relay.Metrics.Sum("meshara.errors", "routing") >= 1, "it is counted");

        await fresh.JoinAsync(relay);
        await connection.SendAsync(frame, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => fresh.Envelopes(MessageType.Private).Count == 1, "somebody new gets it");
        Assert.Empty(visited.Envelopes(MessageType.Private));
        Assert.Empty(sender.Envelopes(MessageType.Private));
    }

    [Fact]
    public async Task A_forged_message_is_not_relayed()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        await using var sender = new TransportEnd();
        await using var recipient = new TransportEnd();
        await recipient.JoinAsync(relay);
        var connection = await sender.JoinAsync(relay);
        var frame = Peers.Message(sender.Identity, Meshara.Node.Protocol.MessageType.Private, recipient.Identity.Address, _ => Google.Protobuf.ByteString.CopyFromUtf8("x"));
        frame.Envelope.Payload = Google.Protobuf.ByteString.CopyFromUtf8("y");
        await connection.SendAsync(frame, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => relay.Metrics.Sum("meshara.messages.dropped", "bad_signature") == 1, "the forgery is dropped");
        Assert.Empty(recipient.Envelopes(MessageType.Private));
    }

    [Fact]
    public async Task A_report_of_an_undeliverable_message_leads_to_another_way()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        var source = await mesh.StartAsync(Hidden);
        var sink = await mesh.StartAsync(Hidden);
        await Task.WhenAll(source.BecomesReadyAsync(), sink.BecomesReadyAsync());
        await using var useless = new TransportEnd();
        useless.OnFrame = async (connection, frame) =>
        {
            if (frame.BodyCase != Frame.BodyOneofCase.Envelope || frame.Envelope.Type != MessageType.Private)
                return;
            var (id, sender, recipient) = (frame.Envelope.Id, frame.Envelope.Sender, frame.Envelope.Recipient);
            await connection.SendAsync(new Frame { Undeliverable = new Undeliverable { Id = id, Sender = sender, Recipient = recipient } }, CancellationToken.None);
        };
        await useless.JoinAsync(source);
        source.Get<RouteCache>().Learn(sink.Address, useless.Identity.Address);

        var status = await source.EndsAsync(await source.SendAsync(sink, "another way"));

        Assert.Equal(MessageState.Acknowledged, status.State);
        Assert.Equal(["another way"], await sink.ReceivedTextsAsync());
        Assert.True(status.Attempts >= 2);
        Assert.Single(useless.Envelopes(MessageType.Private));
        await Eventually.EqualAsync(1, () => source.Metrics.Sum("meshara.delivery.attempts", "unreachable"));
        await Eventually.TrueAsync(() => relay.Metrics.Sum("meshara.messages.forwarded", "private") >= 1, "it is counted");
    }
}
