using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Storage;
using Meshara.Tests.Mesh;
using Meshara.Tests.Storage;

namespace Meshara.Tests.Delivery;

/// <summary>A node whose disk turns read-only while it runs.</summary>
public sealed class DiskFailureTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_whose_disk_turns_read_only_refuses_messages_loses_none_and_goes_on_when_it_is_mounted_again()
    {
        using var volume = BlockVolume.Mount(mebibytes: 64);
        await using var mesh = new MeshFixture();
        var sender = await mesh.StartAsync();
        // Accepted messages must be on the disk, not in the cache of the failing file system.
        var node = await mesh.StartAsync(("Node:DataDirectory", Path.Combine(volume.Path, "data")), ("Storage:Durability", "full"));
        await mesh.AreAllConnectedAsync();
        await sender.EndsAsync(await sender.SendAsync(node, "before"));
        using var http = new HttpClient { BaseAddress = node.Http };
        Assert.Equal("Healthy", await StorageHealthAsync(http));

        volume.TurnReadOnly();
        var refused = await Assert.ThrowsAsync<MesharaException>(() => node.SendAsync(sender, "refused"));
        Assert.Equal(ErrorCodes.Storage, refused.Code);
        Assert.Contains(volume.Path, refused.Message, StringComparison.Ordinal);
        Assert.Contains("read-only", refused.Message, StringComparison.Ordinal);
        using (var answer = await http.PostAsJsonAsync("/api/messages", new { to = sender.Address.ToString(), text = "refused" }, Cancel))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Contains("read-only", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }
        Assert.Equal("Unhealthy", await StorageHealthAsync(http));
        // A message that cannot be stored is not acknowledged, so the sender keeps trying.
        var meanwhile = await sender.SendAsync(node, "meanwhile");
        await Eventually.TrueAsync(async () => (await sender.StatusAsync(meanwhile)).Attempts >= 2, "it is tried again");
        Assert.Equal(MessageState.Pending, (await sender.StatusAsync(meanwhile)).State);
        Assert.Contains(node.Spans.Named("receive_message"), span => span.Status == ActivityStatusCode.Error && Equals(span.GetTagItem("error.type"), "storage"));
        await Eventually.EqualAsync(2, () => node.Metrics.Sum("messaging.client.sent.messages", "storage"));
        Assert.Equal(["before"], await node.ReceivedTextsAsync());

        volume.MountAnew();
        Assert.Equal(MessageState.Acknowledged, (await sender.EndsAsync(meanwhile)).State);
        await Eventually.TrueAsync(async () => await StorageHealthAsync(http) == "Healthy", "the node is healthy again");
        Assert.Null(node.Get<IMessageStore>().Problem);
        Assert.Equal(["before", "meanwhile"], await node.ReceivedTextsAsync());
        var after = await node.SendAsync(sender, "after");
        Assert.Equal(MessageState.Acknowledged, (await node.EndsAsync(after)).State);
        Assert.Equal(["after"], await sender.ReceivedTextsAsync());
        // The newly mounted disk is the one that is used and locked.
        Assert.Throws<MesharaException>(() => TakeLock(volume));
    }

    private static void TakeLock(BlockVolume volume) =>
        Meshara.Node.Storage.Sqlite.DirectoryLock.Take(Path.Combine(volume.Path, "data")).Dispose();

    private static async Task<string?> StorageHealthAsync(HttpClient http)
    {
        using var answer = await http.GetAsync("/health", Cancel);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel));
        return body.RootElement.GetProperty("checks").GetProperty("storage").GetString();
    }
}
