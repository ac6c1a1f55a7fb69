using System.Net;
using Meshara.Node.Storage;

namespace Meshara.Tests.Storage;

/// <summary>What the inbox remembers about its readers across restarts.</summary>
public sealed class InboxRestartTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_read_still_makes_room_after_a_restart_and_what_was_not_does_not()
    {
        _folder.Options.MaxInboxMessagesPerSender = 10;
        await using (var store = _folder.Open())
        {
            for (var i = 0; i < 10; i++)
                await store.DeliverAsync(Samples.Incoming(DateTimeOffset.UtcNow), Cancel);
            await store.ReadAsync(0, 4, Cancel);
        }
        await using var again = _folder.Open();
        for (var i = 0; i < 4; i++)
            Assert.Equal(DeliveryResult.Delivered, await again.DeliverAsync(Samples.Incoming(DateTimeOffset.UtcNow), Cancel));
        Assert.Equal(DeliveryResult.Full, await again.DeliverAsync(Samples.Incoming(DateTimeOffset.UtcNow), Cancel));
    }

    [Fact]
    public async Task What_one_address_has_brought_is_still_counted_after_a_restart()
    {
        _folder.Options.MaxInboxMessages = 100;
        _folder.Options.MaxInboxMessagesPerSender = 10;
        (_folder.Options.MaxHeldMessages, _folder.Options.MaxHeldMessagesPerSender) = (8, 1);
        await using (var store = _folder.Open())
        {
            for (var i = 0; i < 50; i++)
                Assert.Equal(DeliveryResult.Delivered, await store.DeliverAsync(Incoming(), Cancel));
            for (var i = 0; i < 4; i++)
                Assert.Equal(HoldResult.Held, await store.HoldAsync(Held(), Cancel));
        }
        await using var again = _folder.Open();
        Assert.Equal(DeliveryResult.Full, await again.DeliverAsync(Incoming(), Cancel));
        Assert.Equal(HoldResult.OverQuota, await again.HoldAsync(Held(), Cancel));
        await again.ReadAsync(0, 1, Cancel);
        Assert.Equal(DeliveryResult.Delivered, await again.DeliverAsync(Incoming(), Cancel));

        static IncomingMessage Incoming() => Samples.Incoming(DateTimeOffset.UtcNow, sender: Samples.Address()) with { Network = IPAddress.Parse("192.0.2.1") };
        static HeldMessage Held() => Samples.Held(DateTimeOffset.UtcNow, sender: Samples.Address()) with { Network = IPAddress.Parse("192.0.2.1") };
    }
}
