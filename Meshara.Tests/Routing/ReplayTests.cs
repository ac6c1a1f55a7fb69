using Google.Protobuf;
using Meshara.Node.Protocol;
using Meshara.Node.Routing;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Routing;

/// <summary>A signed message proves who wrote it, not who delivers it now.</summary>
public sealed class ReplayTests
{
    [Fact]
    public async Task A_message_that_came_before_teaches_no_new_route()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        await using var alice = new TransportEnd();
        await using var bob = new TransportEnd();
        await using var honest = new TransportEnd();
        await using var hostile = new TransportEnd();
        await bob.JoinAsync(relay);
        var fromHonest = await honest.JoinAsync(relay);
        var fromHostile = await hostile.JoinAsync(relay);
        var message = Peers.Message(alice.Identity, MessageType.Private, bob.Identity.Address, _ => ByteString.CopyFromUtf8("x"));
        await fromHonest.SendAsync(message, TestContext.Current.CancellationToken);
        await ArrivesAsync(bob, 1);
        await fromHostile.SendAsync(message, TestContext.Current.CancellationToken);
        await ArrivesAsync(bob, 2);
        Assert.True(relay.Get<RouteCache>().TryGet(alice.Identity.Address, out var via));
        Assert.Equal(honest.Identity.Address, via);
    }

    [Fact]
    public async Task An_old_message_teaches_no_route()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        await using var alice = new TransportEnd();
        await using var bob = new TransportEnd();
        await using var hostile = new TransportEnd();
        await bob.JoinAsync(relay);
        var fromHostile = await hostile.JoinAsync(relay);
        var made = DateTimeOffset.UtcNow.AddMinutes(-30);
        var message = Peers.Message(alice.Identity, MessageType.Private, bob.Identity.Address, _ => ByteString.CopyFromUtf8("x"), made: made);
        await fromHostile.SendAsync(message, TestContext.Current.CancellationToken);
        await ArrivesAsync(bob, 1);
        Assert.False(relay.Get<RouteCache>().TryGet(alice.Identity.Address, out _));
    }

    private static Task ArrivesAsync(TransportEnd bob, int count) =>
        Eventually.TrueAsync(() => bob.Envelopes(Meshara.Node.Protocol.Wire.MessageType.Private).Count == count, "the message arrives");
}
