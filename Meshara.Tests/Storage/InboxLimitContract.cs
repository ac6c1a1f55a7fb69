using System.Net;
using Meshara.Node.Delivery;
using Meshara.Node.Storage;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Storage;

/// <summary>What strangers can and cannot do to an inbox, for every store.</summary>
public abstract class InboxLimitContract : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly StoreFolder _folder;
    private IMessageStore _store = null!;

    protected InboxLimitContract() => _folder = new StoreFolder { Time = _time };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private DateTimeOffset Now => _time.GetUtcNow();

    public ValueTask InitializeAsync()
    {
        _folder.Options.MaxInboxMessages = 100;
        _folder.Options.MaxInboxBytes = 1024 * 1024;
        _folder.Options.MaxInboxMessagesPerSender = 50;
        _folder.Options.MaxInboxBroadcasts = 40;
        _folder.Options.MaxInboxBroadcastsPerSender = 20;
        _store = Open(_folder);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract IMessageStore Open(StoreFolder folder);

    [Fact]
    public async Task A_strangers_broadcasts_evict_no_unread_private_message()
    {
        var message = Samples.Incoming(Now);
        await _store.DeliverAsync(message, Cancel);
        var stranger = Samples.Address();
        for (var i = 0; i < 260; i++)
            await _store.DeliverAsync(Samples.Incoming(Now, sender: stranger, size: 10_000, isBroadcast: true), Cancel);
        Assert.Contains(await _store.ReadAsync(0, 1000, Cancel), kept => kept.Id == message.Id);
    }

    [Fact]
    public async Task A_strangers_private_messages_evict_no_unread_one()
    {
        var message = Samples.Incoming(Now);
        await _store.DeliverAsync(message, Cancel);
        var stranger = Samples.Address();
        var results = new List<DeliveryResult>();
        for (var i = 0; i < 262; i++)
            results.Add(await _store.DeliverAsync(Samples.Incoming(Now, sender: stranger), Cancel));
        Assert.Equal(50, results.Count(result => result == DeliveryResult.Delivered));
        Assert.Equal(212, results.Count(result => result == DeliveryResult.Full));
        Assert.Equal(DeliveryResult.Delivered, await _store.DeliverAsync(Samples.Incoming(Now), Cancel));
        Assert.Contains(await _store.ReadAsync(0, 1000, Cancel), kept => kept.Id == message.Id);
        Assert.Equal(default, _store.Evictions);
    }

    [Fact]
    public async Task Many_strangers_together_evict_no_unread_message()
    {
        var message = Samples.Incoming(Now);
        await _store.DeliverAsync(message, Cancel);
        for (var i = 0; i < 150; i++)
            await _store.DeliverAsync(Samples.Incoming(Now, sender: Samples.Address()), Cancel);
        Assert.Equal(DeliveryResult.Full, await _store.DeliverAsync(Samples.Incoming(Now), Cancel));
        // A message that is already stored is acknowledged again, however full the inbox is.
        Assert.Equal(DeliveryResult.Duplicate, await _store.DeliverAsync(message, Cancel));
        var kept = await _store.ReadAsync(0, 1000, Cancel);
        Assert.Equal((100, message.Id), (kept.Count, kept[0].Id));
    }

    [Fact]
    public async Task Many_identities_of_one_address_fill_half_of_the_room_for_unread_messages()
    {
        var network = IPAddress.Parse("192.0.2.1");
        for (var i = 0; i < 50; i++)
            Assert.Equal(DeliveryResult.Delivered, await DeliverAsync(network));
        Assert.Equal(DeliveryResult.Full, await DeliverAsync(network));
        Assert.Equal(DeliveryResult.Delivered, await DeliverAsync(IPAddress.Parse("192.0.2.2")));
        Assert.Equal(DeliveryResult.Delivered, await _store.DeliverAsync(Samples.Incoming(Now), Cancel));
        // Messages that were read no longer count.
        Assert.Equal(2, (await _store.ReadAsync(0, 2, Cancel)).Count);
        Assert.Equal(DeliveryResult.Delivered, await DeliverAsync(network));
        Assert.Equal(DeliveryResult.Delivered, await DeliverAsync(network));
        Assert.Equal(DeliveryResult.Full, await DeliverAsync(network));

        ValueTask<DeliveryResult> DeliverAsync(IPAddress from) =>
            _store.DeliverAsync(Samples.Incoming(Now, sender: Samples.Address()) with { Network = from }, Cancel);
    }

    [Fact]
    public async Task A_sender_that_floods_with_broadcasts_evicts_only_its_own()
    {
        var broadcast = Samples.Incoming(Now, isBroadcast: true);
        await _store.DeliverAsync(broadcast, Cancel);
        var stranger = Samples.Address();
        for (var i = 0; i < 200; i++)
            await _store.DeliverAsync(Samples.Incoming(Now, sender: stranger, isBroadcast: true), Cancel);
        var kept = await _store.ReadAsync(0, 1000, Cancel);
        Assert.Contains(kept, message => message.Id == broadcast.Id);
        Assert.InRange(kept.Count, 15, 21);
        Assert.Equal(new InboxEvictions(0, 0, 201 - kept.Count), _store.Evictions);
    }

    [Fact]
    public async Task Messages_that_were_read_make_room_for_new_ones()
    {
        for (var i = 0; i < 50; i++)
            await _store.DeliverAsync(Samples.Incoming(Now), Cancel);
        Assert.Equal(DeliveryResult.Full, await _store.DeliverAsync(Samples.Incoming(Now), Cancel));
        await _store.ReadAsync(0, 30, Cancel);
        for (var i = 0; i < 30; i++)
            Assert.Equal(DeliveryResult.Delivered, await _store.DeliverAsync(Samples.Incoming(Now), Cancel));
        Assert.Equal(DeliveryResult.Full, await _store.DeliverAsync(Samples.Incoming(Now), Cancel));
        // Read messages stay until their room is needed.
        Assert.Equal(80, (await _store.ReadAsync(0, 1000, Cancel)).Count);
        for (var i = 0; i < 50; i++)
            Assert.Equal(DeliveryResult.Delivered, await _store.DeliverAsync(Samples.Incoming(Now), Cancel));
        var kept = await _store.ReadAsync(0, 1000, Cancel);
        Assert.InRange(kept.Count, 80, 100);
        Assert.Equal(new InboxEvictions(130 - kept.Count, 0, 0), _store.Evictions);
        Assert.Equal(_store.LastCursor, kept[^1].Cursor);
    }

    [Fact]
    public async Task A_follower_makes_room_by_reading()
    {
        for (var i = 0; i < 50; i++)
            await _store.DeliverAsync(Samples.Incoming(Now), Cancel);
        await using var follower = _store.FollowAsync(0, Cancel).GetAsyncEnumerator(Cancel);
        for (var i = 0; i < 11; i++)
            Assert.True(await follower.MoveNextAsync());
        for (var i = 0; i < 10; i++)
            Assert.Equal(DeliveryResult.Delivered, await _store.DeliverAsync(Samples.Incoming(Now), Cancel));
        // The reader has been given the eleventh, but it is not known whether it processed it.
        Assert.Equal(DeliveryResult.Full, await _store.DeliverAsync(Samples.Incoming(Now), Cancel));
    }

    [Fact]
    public async Task A_message_that_is_removed_makes_room()
    {
        var message = Samples.Incoming(Now);
        await _store.DeliverAsync(message, Cancel);
        for (var i = 0; i < 49; i++)
            await _store.DeliverAsync(Samples.Incoming(Now), Cancel);
        Assert.Equal(DeliveryResult.Full, await _store.DeliverAsync(Samples.Incoming(Now), Cancel));
        await _store.DeleteAsync(message.Id, message.Sender, Cancel);
        Assert.Equal(DeliveryResult.Delivered, await _store.DeliverAsync(Samples.Incoming(Now), Cancel));
        Assert.Equal(default, _store.Evictions);
    }
}

public sealed class SqliteInboxLimitTests : InboxLimitContract
{
    private protected override IMessageStore Open(StoreFolder folder) => folder.Open();
}

public sealed class MemoryInboxLimitTests : InboxLimitContract
{
    private protected override IMessageStore Open(StoreFolder folder) =>
        new MemoryMessageStore(Options.Create(folder.Options), Options.Create(new DeliveryOptions()), folder.Time);
}
