using Meshara.Node.Delivery;
using Meshara.Node.Storage;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Delivery;

/// <summary>A recipient whose inbox is not read.</summary>
public sealed class InboxFullTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_for_a_full_inbox_waits_says_why_and_arrives_when_there_is_room()
    {
        await using var mesh = new MeshFixture();
        var sender = await mesh.StartAsync();
        var recipient = await mesh.StartAsync(("Storage:MaxInboxMessagesPerSender", "2"));
        await mesh.AreAllConnectedAsync();
        foreach (var text in (string[])["one", "two"])
            Assert.Equal(MessageState.Acknowledged, (await sender.EndsAsync(await sender.SendAsync(recipient, text))).State);
        var waiting = await sender.SendAsync(recipient, "three");
        await Eventually.TrueAsync(async () => (await sender.StatusAsync(waiting)).Reason == "the recipient's inbox is full", "its sender knows why it waits");
        Assert.Equal(MessageState.Pending, (await sender.StatusAsync(waiting)).State);

        await recipient.Get<IInbox>().ReadAsync(0, 10, Cancel);
        Assert.Equal(MessageState.Acknowledged, (await sender.EndsAsync(waiting)).State);
        Assert.Equal(["one", "two", "three"], await recipient.ReceivedTextsAsync());
    }

    [Fact]
    public async Task A_message_for_a_full_inbox_expires_when_nobody_makes_room()
    {
        await using var mesh = new MeshFixture();
        var sender = await mesh.StartAsync();
        var recipient = await mesh.StartAsync(("Storage:MaxInboxMessagesPerSender", "1"));
        await mesh.AreAllConnectedAsync();
        await sender.EndsAsync(await sender.SendAsync(recipient, "one"));
        var id = await sender.Get<IMessenger>().SendAsync(recipient.Address, "two"u8.ToArray(), TimeSpan.FromSeconds(2), Cancel);
        var status = await sender.EndsAsync(id);
        Assert.Equal((MessageState.Expired, "the recipient's inbox is full"), (status.State, status.Reason));
        Assert.Equal(["one"], await recipient.ReceivedTextsAsync());
    }
}
