using System.Diagnostics;
using System.Text;
using Meshara.Node;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Telemetry;

/// <summary>The traces of the telemetry contract, by exact names and parents.</summary>
public sealed class SpanTests
{
    [Fact]
    public async Task A_private_message_is_one_trace_over_two_nodes()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(2);
        await mesh.AreAllConnectedAsync();
        var id = await nodes[0].SendAsync(nodes[1], "traced");
        await nodes[0].EndsAsync(id);
        var tree = await TreeAsync(id, nodes[0], "send_ack", nodes);

        Assert.Equal(
            [
                "0 send_message", "0 send_message/ack_received", "0 send_message/create_message", "0 send_message/create_message/encrypt", "0 send_message/create_message/sign",
                "0 send_message/route_message", "0 send_message/route_message/find_route", "0 send_message/route_message/send_to_peer",
                "0 send_message/route_message/send_to_peer/write_bytes",
                "1 send_message/route_message/send_to_peer/receive_message", "1 send_message/route_message/send_to_peer/receive_message/decrypt",
                "1 send_message/route_message/send_to_peer/receive_message/deliver", "1 send_message/route_message/send_to_peer/receive_message/send_ack",
                "1 send_message/route_message/send_to_peer/receive_message/verify",
            ],
            tree.Paths);
        Assert.All(tree.Spans, span => Assert.NotEqual(ActivityStatusCode.Error, span.Status));

        var send = tree.One("send_message");
        Assert.Equal((nodes[1].Address.ToString(), 6, id.ToString()), (send.GetTagItem("recipient"), send.GetTagItem("message_size"), send.GetTagItem("message_id")));
        Assert.Equal("message_delivered", Assert.Single(send.Events).Name);
        Assert.Equal(ActivityKind.Producer, send.Kind);
        Assert.Equal(Conventions("send_message", "send", nodes[1].Address.ToString(), id, 6), Conventions(send));
        Assert.Equal("direct", tree.One("find_route").GetTagItem("route"));
        var toPeer = tree.One("send_to_peer");
        Assert.Equal((ActivityKind.Producer, nodes[1].Address.ToString(), 1), (toPeer.Kind, toPeer.GetTagItem("peer"), toPeer.GetTagItem("attempt")));
        Assert.True((int)tree.One("write_bytes").GetTagItem("bytes")! > 0);
        var receive = tree.One("receive_message");
        Assert.Equal(ActivityKind.Consumer, receive.Kind);
        Assert.Equal(Conventions("receive_message", "process", nodes[1].Address.ToString(), id, 6), Conventions(receive));
        Assert.Equal(receive.SpanId, Assert.Single(tree.One("ack_received").Links).Context.SpanId);
    }

    [Fact]
    public async Task A_connection_that_has_to_be_made_is_a_part_of_the_trace()
    {
        await using var mesh = new MeshFixture();
        var hub = await mesh.StartAsync();
        await hub.BecomesReadyAsync();
        await using var recipient = new TransportEnd();
        hub.Get<Meshara.Node.Routing.PeerBook>().Add(recipient.Record);
        var id = await hub.Messenger.SendAsync(recipient.Identity.Address, "x"u8.ToArray(), TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        await hub.EndsAsync(id);
        var send = hub.Spans.Named("send_message").Single(span => Equals(span.GetTagItem("message_id"), id.ToString()));
        var connect = hub.Spans.OfTrace(send.TraceId).First(span => span.OperationName == "tls_connect");
        var toPeer = hub.Spans.OfTrace(send.TraceId).Single(span => span.SpanId == connect.ParentSpanId);
        Assert.Equal("send_to_peer", toPeer.OperationName);
        Assert.Equal(ActivityStatusCode.Error, send.Status); // it was not acknowledged
        Assert.Equal("expired", send.GetTagItem("error.type"));
    }

    [Fact]
    public async Task A_relayed_message_is_one_trace_over_three_nodes()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        var source = await mesh.StartAsync(("Mesh:Advertise", "none"));
        var sink = await mesh.StartAsync(("Mesh:Advertise", "none"));
        MeshPeer[] nodes = [relay, source, sink];
        await Task.WhenAll(nodes.Select(node => node.BecomesReadyAsync()));
        await Eventually.TrueAsync(() => relay.IsConnectedTo(source) && relay.IsConnectedTo(sink), "both are connected to the relay");
        // The first message finds the recipient; the second is the ordinary case.
        await source.EndsAsync(await source.SendAsync(sink, "first"));
        var id = await source.SendAsync(sink, "second");
        await source.EndsAsync(id);
        var tree = await TreeAsync(id, source, "send_ack", nodes);
        const string way = "send_message/route_message/send_to_peer/forward_message";
        Assert.Equal(
            [$"0 {way}", $"2 {way}/receive_message", $"2 {way}/receive_message/decrypt", $"2 {way}/receive_message/deliver", $"2 {way}/receive_message/send_ack", $"2 {way}/receive_message/verify"],
            tree.Paths.Where(path => path.Contains("forward_message", StringComparison.Ordinal)));
        Assert.Equal(tree.One("receive_message").SpanId, Assert.Single(tree.One("ack_received").Links).Context.SpanId);
        Assert.Equal(sink.Address.ToString(), tree.One("forward_message").GetTagItem("peer"));
    }

    [Fact]
    public async Task A_message_to_somebody_who_has_to_be_looked_up_stays_one_trace()
    {
        await using var mesh = new MeshFixture(("Delivery:RetryBase", "00:00:00.100"));
        var sender = await mesh.StartAsync();
        var other = await mesh.StartAsync();
        await Task.WhenAll(sender.BecomesReadyAsync(), other.BecomesReadyAsync());
        using var nobody = NodeIdentity.Generate();
        var id = await sender.Messenger.SendAsync(nobody.Address, "x"u8.ToArray(), TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        await sender.EndsAsync(id);
        await Eventually.TrueAsync(() => sender.Spans.Named("send_message").Count > 0, "its span ends, a moment after the message");
        var send = sender.Spans.Named("send_message").Single(span => Equals(span.GetTagItem("message_id"), id.ToString()));
        var trace = sender.Spans.OfTrace(send.TraceId);
        var lookup = trace.First(span => span.OperationName == "dht_lookup");
        var find = trace.Single(span => span.SpanId == lookup.ParentSpanId);
        var route = trace.Single(span => span.SpanId == find.ParentSpanId);
        Assert.Equal(("find_route", "route_message", send.SpanId), (find.OperationName, route.OperationName, route.ParentSpanId));
        Assert.NotNull(lookup.GetTagItem("hops"));
        Assert.NotNull(lookup.GetTagItem("contacted"));
        Assert.Equal(("no_route", ActivityStatusCode.Error), (find.GetTagItem("error.type"), find.Status));
    }

    [Fact]
    public async Task A_broadcast_is_one_trace_over_every_hop()
    {
        // A chain, because only the bootstrap endpoints can be dialled.
        await using var mesh = new MeshFixture(("Mesh:Advertise", "none"), ("Gossip:AnnounceInterval", "00:10:00"));
        var nodes = new List<MeshPeer>();
        for (var i = 0; i < 3; i++)
        {
            nodes.Add(await mesh.StartAsync(nodes.Count == 0 ? [] : [nodes[^1]]));
            await nodes[^1].BecomesReadyAsync();
        }
        var id = await nodes[0].Messenger.BroadcastAsync(Encoding.UTF8.GetBytes("to all"), TestContext.Current.CancellationToken);
        await Task.WhenAll(nodes[1].ReceivesAsync("to all"), nodes[2].ReceivesAsync("to all"));
        await Eventually.TrueAsync(() => nodes[2].Spans.Named("receive_broadcast").Count == 1 && nodes[1].Spans.Named("receive_broadcast").Count == 1, "the spans are finished");
        await Eventually.TrueAsync(() => nodes[0].Spans.Named("broadcast_message").Count == 1, "the sender's are, too");
        var root = Assert.Single(nodes[0].Spans.Named("broadcast_message"));
        Assert.Equal(id.ToString(), root.GetTagItem("message_id"));
        Assert.Equal(ActivityKind.Producer, root.Kind);
        Assert.Equal(Conventions("broadcast_message", "send", "broadcast", id, 6), Conventions(root));
        Assert.Equal(Conventions("receive_broadcast", "process", "broadcast", id, 6), Conventions(nodes[2].Spans.Named("receive_broadcast")[0]));
        const string hop = "gossip_forward/receive_broadcast";
        Assert.Equal(
            [
                "0 broadcast_message", "0 broadcast_message/gossip_forward", "0 broadcast_message/sign",
                $"1 broadcast_message/{hop}", $"1 broadcast_message/{hop}/deliver", $"1 broadcast_message/{hop}/gossip_forward", $"1 broadcast_message/{hop}/verify",
                $"2 broadcast_message/{hop}/{hop}", $"2 broadcast_message/{hop}/{hop}/deliver", $"2 broadcast_message/{hop}/{hop}/verify",
            ],
            new Tree(root.TraceId, [.. nodes]).Paths);
    }

    [Fact]
    public async Task A_refused_message_fails_its_span()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(2);
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(nodes[0]);
        var frame = Peers.Private(peer.Identity, nodes[0].Get<Meshara.Node.Transport.LocalRecord>().Current, "x");
        frame.Envelope.Payload = Google.Protobuf.ByteString.CopyFromUtf8("changed");
        await connection.SendAsync(frame, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => nodes[0].Spans.Named("receive_message").Count == 1, "the span is finished");
        var receive = Assert.Single(nodes[0].Spans.Named("receive_message"));
        Assert.Equal((ActivityStatusCode.Error, "bad_signature"), (receive.Status, receive.GetTagItem("error.type")));
        Assert.Equal(receive.SpanId, Assert.Single(nodes[0].Spans.Named("verify")).ParentSpanId);
        Assert.Empty(nodes[0].Spans.Named("decrypt"));
    }

    /// <summary>The attributes that OpenTelemetry's messaging conventions require of a span.</summary>
    private static List<string> Conventions(string name, string type, string destination, MessageId id, int bytes) =>
    [
        "messaging.system=meshara", $"messaging.operation.name={name}", $"messaging.operation.type={type}", $"messaging.destination.name={destination}",
        $"messaging.message.id={id}", $"messaging.message.body.size={bytes}",
    ];

    private static List<string> Conventions(Activity span) =>
        [.. span.TagObjects.Where(tag => tag.Key.StartsWith("messaging.", StringComparison.Ordinal)).Select(tag => $"{tag.Key}={tag.Value}")];

    /// <summary>The trace of a message, once its last span has arrived.</summary>
    private static async Task<Tree> TreeAsync(MessageId id, MeshPeer sender, string last, IReadOnlyList<MeshPeer> nodes)
    {
        Activity? send = null;
        await Eventually.TrueAsync(() => (send = sender.Spans.Named("send_message").SingleOrDefault(span => Equals(span.GetTagItem("message_id"), id.ToString()))) is not null, "the message's span is finished");
        await Eventually.TrueAsync(
            () => sender.Spans.OfTrace(send!.TraceId).Any(span => span.OperationName == "ack_received")
                && nodes.Any(node => node.Spans.OfTrace(send.TraceId).Any(span => span.OperationName == last)), "the last spans are finished");
        return new Tree(send!.TraceId, nodes);
    }

    /// <summary>A trace over several nodes; each span as "node path/of/names", in order.</summary>
    private sealed class Tree(ActivityTraceId trace, IReadOnlyList<MeshPeer> nodes)
    {
        private readonly List<(int Node, Activity Span)> _spans =
            [.. nodes.SelectMany((node, index) => node.Spans.OfTrace(trace).Select(span => (index, span)))];

        public IEnumerable<Activity> Spans => _spans.Select(entry => entry.Span);

        public IEnumerable<string> Paths => _spans.Select(entry => $"{entry.Node} {Path(entry.Span)}").Order(StringComparer.Ordinal);

        public Activity One(string name) => Assert.Single(Spans, span => span.OperationName == name);

        private string Path(Activity span) => span.ParentSpanId == default
            ? span.OperationName
            : $"{Path(Assert.Single(Spans, parent => parent.SpanId == span.ParentSpanId))}/{span.OperationName}";
    }
}
