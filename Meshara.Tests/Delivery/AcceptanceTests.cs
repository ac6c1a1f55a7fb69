using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Delivery;

public sealed class AcceptanceTests
{
    [Fact]
    public async Task What_cannot_be_sent_is_refused_with_its_code()
    {
        await using var mesh = new MeshFixture(("Delivery:MaxMessageBytes", "100"));
        var node = await mesh.StartAsync();
        await node.BecomesReadyAsync();
        using var somebody = NodeIdentity.Generate();
        await RefusedAsync(node, ErrorCodes.EmptyMessage, somebody.Address, []);
        await RefusedAsync(node, ErrorCodes.Oversize, somebody.Address, new byte[101]);
        await RefusedAsync(node, ErrorCodes.InvalidArgument, node.Address, [1]);
        await RefusedAsync(node, ErrorCodes.InvalidArgument, somebody.Address, [1], TimeSpan.FromMilliseconds(999));
        await RefusedAsync(node, ErrorCodes.InvalidArgument, somebody.Address, [1], TimeSpan.FromDays(8));
        Assert.Equal(ErrorCodes.EmptyMessage, (await Assert.ThrowsAsync<MesharaException>(async () =>
            await node.Messenger.BroadcastAsync(Array.Empty<byte>(), TestContext.Current.CancellationToken))).Code);
        Assert.Equal(ErrorCodes.Oversize, (await Assert.ThrowsAsync<MesharaException>(async () =>
            await node.Messenger.BroadcastAsync(new byte[101], TestContext.Current.CancellationToken))).Code);
        Assert.Equal(0, node.View.PendingMessages);
        Assert.Null(await node.Messenger.GetStatusAsync(MessageId.Create(DateTimeOffset.UtcNow), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("Delivery:MaxPendingMessages", "3", 10)]
    [InlineData("Delivery:MaxPendingBytes", "30", 10)]
    public async Task A_full_queue_takes_no_more_until_something_has_ended(string limit, string value, int bytes)
    {
        await using var mesh = new MeshFixture((limit, value));
        var node = await mesh.StartAsync();
        await node.BecomesReadyAsync();
        using var nobody = NodeIdentity.Generate();
        for (var i = 0; i < 3; i++)
            await node.Messenger.SendAsync(nobody.Address, new byte[bytes], TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        await RefusedAsync(node, ErrorCodes.QueueFull, nobody.Address, new byte[bytes]);
        Assert.Equal(3, node.View.PendingMessages);
        Assert.Equal(1, node.Metrics.Sum("meshara.messages.dropped", "queue_full"));
        await Eventually.TrueAsync(() => node.View.PendingMessages == 0, "all have expired");
        await node.Messenger.SendAsync(nobody.Address, new byte[bytes], TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_stopped_node_takes_no_messages()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await node.BecomesReadyAsync();
        await node.StopAsync();
        using var somebody = NodeIdentity.Generate();
        await RefusedAsync(node, ErrorCodes.NotReady, somebody.Address, [1]);
        Assert.Equal(NodeState.Draining, node.View.State);
    }

    private static async Task RefusedAsync(MeshPeer node, string code, NodeAddress recipient, byte[] content, TimeSpan? timeToLive = null)
    {
        var refused = await Assert.ThrowsAsync<MesharaException>(async () =>
            await node.Messenger.SendAsync(recipient, content, timeToLive, TestContext.Current.CancellationToken));
        Assert.Equal(code, refused.Code);
    }
}
