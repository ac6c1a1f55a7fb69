using Google.Protobuf;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Microsoft.Extensions.Options;
using Meshara.Node.Protocol;
using Meshara.Node.Routing;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;
using Microsoft.Extensions.Logging.Abstractions;

namespace Meshara.Tests.Routing;

public sealed class RelayFloodTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_relay_that_is_flooded_makes_its_peers_wait_and_drops_nothing()
    {
        const int messages = 5000;
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var alice = new TransportEnd();
        await using var bob = new TransportEnd();
        await bob.JoinAsync(node);
        // A relay that has not started to work yet, as if it had no CPU time.
        var relay = new Forwarder(
            node.Get<NodeIdentity>(), node.Get<RouteFinder>(), node.Get<RouteCache>(), node.Get<VerifiedBatches>(), node.Swarm,
            Options.Create(new DeliveryOptions()), node.Get<MeshTelemetry>(), TimeProvider.System, NullLogger<Forwarder>.Instance);
        var reading = Task.Run(async () =>
        {
            for (var i = 0; i < messages; i++)
                await relay.AcceptAsync(Message(alice, bob), alice.Identity.Address, Cancel);
        }, Cancel);
        using var stop = new CancellationTokenSource();
        var relaying = relay.RunAsync(stop.Token);
        await Eventually.InTimeAsync(reading);
        await Eventually.TrueAsync(() => bob.Frames.Count(entry => entry.Frame.Envelope is not null) == messages, "every message arrives");
        Assert.Equal(0, node.Metrics.Sum("meshara.messages.dropped"));
        await stop.CancelAsync();
        await Eventually.InTimeAsync(relaying);
    }

    [Fact]
    public async Task A_relay_that_is_flooded_with_large_messages_takes_few_at_a_time()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var alice = new TransportEnd();
        await using var bob = new TransportEnd();
        await bob.JoinAsync(node);
        var relay = new Forwarder(
            node.Get<NodeIdentity>(), node.Get<RouteFinder>(), node.Get<RouteCache>(), node.Get<VerifiedBatches>(), node.Swarm,
            Options.Create(new DeliveryOptions()), node.Get<MeshTelemetry>(), TimeProvider.System, NullLogger<Forwarder>.Instance);
        // One more than there is room for, and no more than the next hop's buffer and queue can hold together.
        var taken = Enumerable.Range(0, 5).Select(_ => relay.AcceptAsync(Message(alice, bob, 1024 * 1024), alice.Identity.Address, Cancel).AsTask()).ToList();
        Assert.Equal(4, taken.Count(task => task.IsCompleted));
        using var stop = new CancellationTokenSource();
        var relaying = relay.RunAsync(stop.Token);
        await Eventually.InTimeAsync(Task.WhenAll(taken));
        await Eventually.TrueAsync(() => bob.Frames.Count(entry => entry.Frame.Envelope is not null) == 5, "every message arrives");
        await stop.CancelAsync();
        await Eventually.InTimeAsync(relaying);
    }

    private static Envelope Message(TransportEnd sender, TransportEnd recipient, int bytes = 1)
    {
        var frame = Peers.Message(sender.Identity, MessageType.Private, recipient.Identity.Address, _ => ByteString.CopyFrom(new byte[bytes]));
        Assert.True(Envelope.TryParse(frame.Envelope, out var envelope, out _));
        return envelope;
    }
}
