using System.Text;
using System.Text.Json;
using System.Net.Http.Json;
using Google.Protobuf;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Node.Transport;
using Meshara.ServiceDefaults.Diagnostics;
using Meshara.Tests.Mesh;
using Meshara.Tests.Otlp;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Tests.Telemetry;

/// <summary>
/// Everything that a mesh of real nodes emits (scraped, exported and logged) while messages succeed and fail in every way that can be
/// provoked within seconds. All nodes have stopped and flushed before tests look at it.
/// </summary>
public sealed class ContractRun : IAsyncLifetime
{
    private readonly List<MeshPeer> _nodes = [];

    internal List<Family> Scraped { get; } = [];

    internal List<JsonElement> Lines { get; } = [];

    internal IReadOnlyList<OtlpSpan> Spans { get; private set; } = [];

    internal IReadOnlyList<OtlpMetric> Metrics { get; private set; } = [];

    internal IReadOnlyList<OtlpLog> Logs { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        var logs = new List<RecentLogs>();
        await using (var mesh = new MeshFixture(Settings(receiver)))
        {
            await StartAsync(mesh);
            logs.AddRange(_nodes.Select(node => node.Get<RecentLogs>()));
            await SucceedAsync();
            await FailToDeliverAsync();
            await BeAttackedAsync();
            await LoseConnectionsAsync(mesh);
            using var client = new HttpClient();
            foreach (var node in _nodes)
                Scraped.AddRange(Family.Parse(await client.GetStringAsync(new Uri(node.Http, "/metrics"), TestContext.Current.CancellationToken)));
        }
        Assert.Empty(receiver.Faults);
        Lines.AddRange(logs.SelectMany(log => log.Newest()).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("target").GetString()!.StartsWith("meshara", StringComparison.Ordinal)));
        // Each provider in the process sees the spans of all nodes.
        Spans = [.. receiver.Spans.DistinctBy(span => span.SpanId)];
        Metrics = [.. receiver.Metrics.Where(metric => metric.Origin.Scope == "Meshara")];
        Logs = [.. receiver.Logs];
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static (string, string)[] Settings(OtlpReceiver receiver) =>
    [
        ("MESHARA_LOG", "off,meshara=trace"), ("Diagnostics:Enabled", "true"), ("Diagnostics:MaxLogs", "100000"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.Http.ToString()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_TRACES_SAMPLER", "always_on"), ("OTEL_BSP_MAX_QUEUE_SIZE", "65536"), ("OTEL_BLRP_MAX_QUEUE_SIZE", "65536"), ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ("Delivery:RetryBase", "00:00:00.300"), ("Storage:MaxHeldMessagesPerSender", "1"), ("Transport:SendTimeout", "00:00:02"),
    ];

    /// <summary>Starts one node that all can dial, two that reach each other only through it, and one with tight limits.</summary>
    private async Task StartAsync(MeshFixture mesh)
    {
        _nodes.Add(await mesh.StartAsync());
        _nodes.Add(await mesh.StartAsync(("Mesh:Advertise", "none")));
        _nodes.Add(await mesh.StartAsync(("Mesh:Advertise", "none")));
        _nodes.Add(await mesh.StartAsync(("Delivery:MaxMessageBytes", "64"), ("Delivery:MaxPendingMessages", "1")));
        await Task.WhenAll(_nodes.Select(node => node.BecomesReadyAsync()));
        await Eventually.TrueAsync(() => _nodes.Skip(1).All(node => Hub.IsConnectedTo(node)), "all are connected to the first");
    }

    private MeshPeer Hub => _nodes[0];

    private MeshPeer Source => _nodes[1];

    private MeshPeer Sink => _nodes[2];

    private MeshPeer Small => _nodes[3];

    private async Task SucceedAsync()
    {
        Assert.Equal(MessageState.Acknowledged, (await Hub.EndsAsync(await Hub.SendAsync(Source, "direct"))).State);
        Assert.Equal(MessageState.Acknowledged, (await Source.EndsAsync(await Source.SendAsync(Sink, "relayed"))).State);
        Assert.Equal(MessageState.Acknowledged, (await Source.EndsAsync(await Source.SendAsync(Sink, "relayed again"))).State);
        using var client = new HttpClient { BaseAddress = Hub.Http };
        using var sent = await client.PostAsJsonAsync("/api/messages", new { to = Sink.Address.ToString(), text = "by the API" }, TestContext.Current.CancellationToken);
        using var spread = await client.PostAsJsonAsync("/api/broadcasts", new { text = "by the API, to all" }, TestContext.Current.CancellationToken);
        Assert.True(sent.IsSuccessStatusCode && spread.IsSuccessStatusCode);
        await Sink.ReceivesAsync("by the API");
        await Source.Messenger.BroadcastAsync(Encoding.UTF8.GetBytes("to all"), TestContext.Current.CancellationToken);
        await Task.WhenAll(Sink.ReceivesAsync("to all"), Small.ReceivesAsync("by the API, to all"));
        await Eventually.TrueAsync(() => _nodes.All(node => node.Metrics.Sum("meshara.messages.received", "ping") > 0), "heartbeats come");
    }

    private async Task FailToDeliverAsync()
    {
        using var nobody = NodeIdentity.Generate();
        var second = TimeSpan.FromSeconds(1);
        var unknown = await Small.Messenger.SendAsync(nobody.Address, "x"u8.ToArray(), second, TestContext.Current.CancellationToken);
        var full = await Assert.ThrowsAsync<Meshara.Node.MesharaException>(async () =>
            await Small.Messenger.SendAsync(nobody.Address, "x"u8.ToArray(), second, TestContext.Current.CancellationToken));
        Assert.Equal(Meshara.Node.ErrorCodes.QueueFull, full.Code);
        Assert.Equal(MessageState.Expired, (await Small.EndsAsync(unknown)).State);

        var large = await Hub.SendAsync(Small, new string('x', 4096));
        Assert.Equal(MessageState.Rejected, (await Hub.EndsAsync(large)).State);

        var gone = Peers.Record(); // its endpoint does not listen
        Hub.Get<PeerBook>().Add(gone);
        var unreachable = await Hub.Messenger.SendAsync(gone.Address, "x"u8.ToArray(), second, TestContext.Current.CancellationToken);
        Assert.Equal(MessageState.Expired, (await Hub.EndsAsync(unreachable)).State);

        await using var mute = new TransportEnd(); // accepts messages and never acknowledges any
        await mute.JoinAsync(Hub);
        await Hub.Messenger.SendAsync(mute.Identity.Address, "x"u8.ToArray(), TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        await CountedAsync("meshara.delivery.attempts", "timeout");
    }

    private async Task BeAttackedAsync()
    {
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(Hub);
        var own = Hub.Get<LocalRecord>().Current;
        var good = Peers.Private(peer.Identity, own, "twice");
        var forged = Peers.Private(peer.Identity, own, "x");
        forged.Envelope.Payload = ByteString.CopyFromUtf8("changed");
        var old = Peers.Message(peer.Identity, MessageType.Private, own.Address, _ => ByteString.CopyFromUtf8("x"), TimeSpan.Zero);
        var sealedWrongly = Peers.Message(peer.Identity, MessageType.Private, own.Address, _ => ByteString.CopyFromUtf8("no ciphertext"));
        var tired = Peers.Private(peer.Identity, Sink.Get<LocalRecord>().Current, "x");
        tired.Envelope.HopCount = tired.Envelope.HopLimit;
        tired.Envelope.Visited = ByteString.CopyFrom(new byte[tired.Envelope.HopLimit * 8]); // the marks of as many relays
        foreach (var frame in (Frame[])[good, good, forged, old, sealedWrongly, tired, Peers.Broadcast(peer.Identity, "from a stranger")])
            await connection.SendAsync(frame, TestContext.Current.CancellationToken);
        using var absent = NodeIdentity.Generate();
        foreach (var text in (string[])["kept", "one too many"])
        {
            var kept = Peers.Private(peer.Identity, Peers.Record(absent), text);
            await connection.SendAsync(new Frame { Correlation = 1, Deposit = new Deposit { Envelope = kept.Envelope } }, TestContext.Current.CancellationToken);
        }
        foreach (var reason in (string[])["duplicate", "bad_signature", "expired", "undecryptable", "hop_limit", "rate_limited"])
            await CountedAsync("meshara.messages.dropped", reason);
        foreach (var error in (string[])["bad_signature", "expired", "undecryptable"])
            await CountedAsync("messaging.process.duration", error);

        await connection.SendAsync(new Frame { Announce = new Announce { Keys = { ByteString.CopyFromUtf8("short") } } }, TestContext.Current.CancellationToken);
        await CountedAsync("meshara.connections.closed", "protocol");
        await using var garbage = await RawPeer.ConnectAsync(Hub.Bound);
        await garbage.SendAsync("garbage\r\n\r\n"u8.ToArray());
        await CountedAsync("meshara.connection.errors", "handshake");
    }

    private async Task LoseConnectionsAsync(MeshFixture mesh)
    {
        using var identity = NodeIdentity.Generate();
        await using (var first = new TransportEnd(identity: identity))
        {
            await first.JoinAsync(Hub);
            await using var later = new TransportEnd(identity: identity);
            await later.ConnectAsync(Hub);
            await CountedAsync("meshara.connections.closed", "cloned");
        }
        using var twice = NodeIdentity.Generate();
        using var certificate = PeerCertificate.Create(twice, DateTimeOffset.UtcNow);
        await using (await RawPeer.JoinAsync(Hub.Bound, twice, certificate, dialNumber: 1))
        {
            await Eventually.TrueAsync(() => Hub.Swarm.TryGet(twice.Address, out _), "its first connection is there");
            await using var later = await RawPeer.JoinAsync(Hub.Bound, twice, certificate, dialNumber: 2);
            await CountedAsync("meshara.connections.closed", "duplicate");
        }
        await CountedAsync("meshara.connections.closed", "remote");

        await using var cable = new FreezableProxy(Hub.Bound);
        await using var far = new TransportEnd();
        await Eventually.InTimeAsync(far.Swarm.ConnectAsync(cable.Endpoint, TestContext.Current.CancellationToken));
        await Eventually.TrueAsync(() => Hub.Swarm.TryGet(far.Identity.Address, out _), "it is connected through the proxy");
        cable.Freeze();
        await CountedAsync("meshara.connections.closed", "timeout");

        await using var slow = await SlowPeer.JoinAsync(Hub.Bound, Hub.Swarm);
        var filling = slow.FillAsync(Hub.Swarm);
        await Eventually.TrueAsync(async () =>
        {
            await slow.LiveAsync();
            return Hub.Metrics.Sum("meshara.connections.closed", "slow_consumer") > 0;
        }, "the slow peer is disconnected");
        await filling;

        var leaving = await mesh.StartAsync(("Transport:LowWater", "1"), ("Transport:HighWater", "1"), ("Transport:GracePeriod", "00:00:00"));
        await leaving.BecomesReadyAsync();
        await using var guest = new TransportEnd();
        await guest.ConnectAsync(leaving);
        await Eventually.TrueAsync(() => leaving.Metrics.Sum("meshara.connections.closed", "pruned") > 0, "one connection is too many");
        await leaving.StopAsync();
        Assert.True(leaving.Metrics.Sum("meshara.connections.closed", "shutdown") > 0);
    }

    private Task CountedAsync(string instrument, string label) =>
        Eventually.TrueAsync(() => Hub.Metrics.Sum(instrument, label) > 0, $"{instrument} counts {label}");
}
