using System.Net;
using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;
using Meshara.Node.Storage.Sqlite;
using Meshara.Tests.Api;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Storage;

/// <summary>The guarantees of every store, whatever it keeps messages in.</summary>
public abstract class StoreContract : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly StoreFolder _folder;
    private IMessageStore _store = null!;

    protected StoreContract() => _folder = new StoreFolder { Time = _time };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private DateTimeOffset Now => _time.GetUtcNow();

    private StorageOptions Limits => _folder.Options;

    public ValueTask InitializeAsync()
    {
        Limits.MaxInboxBroadcasts = 100;
        Limits.MaxInboxBroadcastBytes = 1024 * 1024;
        Limits.MaxCompleted = 100;
        Limits.MaxHeldMessages = 8;
        Limits.MaxHeldBytes = 10_000;
        Limits.MaxHeldMessagesPerSender = 4;
        Limits.MaxHeldBytesPerSender = 5_000;
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
    public async Task What_was_appended_is_pending_in_order_and_unchanged()
    {
        OutgoingRecord[] messages = [Samples.Outgoing(Now), Samples.Outgoing(Now, isSealed: false), Samples.Outgoing(Now, size: 100_000)];
        foreach (var message in messages)
        {
            await _store.AppendAsync(message, Cancel);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }
        var pending = await _store.LoadPendingAsync(Cancel);
        Assert.Equal(messages.Select(Samples.Text).Order(), pending.Select(Samples.Text).Order());
        Assert.Null(_store.Problem);
    }

    [Fact]
    public async Task A_message_sealed_later_replaces_its_content()
    {
        var message = Samples.Outgoing(Now, isSealed: false);
        await _store.AppendAsync(message, Cancel);
        var isSealed = Samples.Sealed(message);
        await _store.SealAsync(isSealed, Cancel);
        Assert.Equal(Samples.Text(isSealed), Samples.Text(Assert.Single(await _store.LoadPendingAsync(Cancel))));
    }

    [Fact]
    public async Task Sealing_a_finished_message_does_not_bring_it_back()
    {
        var message = Samples.Outgoing(Now, isSealed: false);
        await _store.AppendAsync(message, Cancel);
        await _store.CompleteAsync(Samples.Final(message, Now, MessageState.Expired), Cancel);
        await _store.SealAsync(Samples.Sealed(message), Cancel);
        Assert.Empty(await _store.LoadPendingAsync(Cancel));
    }

    [Theory]
    [InlineData(MessageState.Acknowledged, null)]
    [InlineData(MessageState.Rejected, "the recipient did not take it")]
    public async Task A_final_state_is_found_at_once_and_the_message_is_no_longer_pending(MessageState state, string? reason)
    {
        var message = Samples.Outgoing(Now);
        await _store.AppendAsync(message, Cancel);
        var final = Samples.Final(message, Now, state, reason);
        await _store.CompleteAsync(final, Cancel);
        Assert.Equal(final, await _store.FindCompletedAsync(message.Id, Cancel));
        await SettleAsync();
        Assert.Empty(await _store.LoadPendingAsync(Cancel));
        Assert.Equal(final, await _store.FindCompletedAsync(message.Id, Cancel));
        Assert.Null(await _store.FindCompletedAsync(MessageId.Create(Now), Cancel));
    }

    [Fact]
    public async Task The_newest_final_states_are_remembered_and_none_beyond_its_age()
    {
        var messages = Enumerable.Range(0, 250).Select(_ => Samples.Outgoing(Now)).ToArray();
        foreach (var message in messages)
            await _store.CompleteAsync(Samples.Final(message, Now), Cancel);
        await SettleAsync();
        Assert.NotNull(await _store.FindCompletedAsync(messages[^1].Id, Cancel));
        Assert.NotNull(await _store.FindCompletedAsync(messages[^100].Id, Cancel));
        Assert.Null(await _store.FindCompletedAsync(messages[0].Id, Cancel));
        _time.Advance(Limits.MaxCompletedAge + TimeSpan.FromSeconds(1));
        Assert.Null(await _store.FindCompletedAsync(messages[^1].Id, Cancel));
    }

    [Fact]
    public async Task A_message_is_delivered_once_and_read_as_it_came()
    {
        var message = Samples.Incoming(Now, isBroadcast: true);
        Assert.Equal(DeliveryResult.Delivered, await _store.DeliverAsync(message, Cancel));
        Assert.Equal(DeliveryResult.Duplicate, await _store.DeliverAsync(message, Cancel));
        var read = Assert.Single(await _store.ReadAsync(0, 10, Cancel));
        Assert.Equal(_store.LastCursor, read.Cursor);
        Assert.Equal((message.Id, message.Sender, true, message.SentAt, message.ReceivedAt), (read.Id, read.Sender, read.IsBroadcast, read.SentAt, read.ReceivedAt));
        Assert.Equal(message.Content.ToArray(), read.Content.ToArray());
    }

    [Fact]
    public async Task Many_deliveries_of_one_message_at_once_put_it_into_the_inbox_once()
    {
        var message = Samples.Incoming(Now);
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => _store.DeliverAsync(message, Cancel).AsTask(), Cancel)));
        Assert.Equal(1, results.Count(result => result == DeliveryResult.Delivered));
        Assert.Single(await _store.ReadAsync(0, 100, Cancel));
    }

    [Fact]
    public async Task An_id_belongs_to_its_sender()
    {
        var message = Samples.Incoming(Now);
        Assert.Equal(DeliveryResult.Delivered, await _store.DeliverAsync(message, Cancel));
        var other = message with { Sender = Samples.Address() };
        Assert.Equal(DeliveryResult.Delivered, await _store.DeliverAsync(other, Cancel));
        Assert.Equal(2, (await _store.ReadAsync(0, 10, Cancel)).Count);
        Assert.Equal(DeleteResult.Ambiguous, await _store.DeleteAsync(message.Id, null, Cancel));
        Assert.Equal(DeleteResult.Deleted, await _store.DeleteAsync(message.Id, other.Sender, Cancel));
        Assert.Equal(DeleteResult.NotFound, await _store.DeleteAsync(message.Id, other.Sender, Cancel));
        Assert.Equal(message.Sender, Assert.Single(await _store.ReadAsync(0, 10, Cancel)).Sender);
    }

    [Fact]
    public async Task A_deleted_message_is_gone_but_still_a_duplicate()
    {
        var message = Samples.Incoming(Now);
        await _store.DeliverAsync(message, Cancel);
        Assert.Equal(DeleteResult.Deleted, await _store.DeleteAsync(message.Id, null, Cancel));
        Assert.Equal(DeleteResult.NotFound, await _store.DeleteAsync(message.Id, null, Cancel));
        Assert.Equal(DeliveryResult.Duplicate, await _store.DeliverAsync(message, Cancel));
        Assert.Empty(await _store.ReadAsync(0, 10, Cancel));
    }

    [Fact]
    public async Task A_page_starts_after_its_cursor_and_keeps_to_its_limit()
    {
        for (var i = 0; i < 10; i++)
            await _store.DeliverAsync(Samples.Incoming(Now), Cancel);
        var first = await _store.ReadAsync(0, 4, Cancel);
        var second = await _store.ReadAsync(first[^1].Cursor, 100, Cancel);
        Assert.Equal((4, 6), (first.Count, second.Count));
        Assert.Equal(second.Select(message => message.Cursor).Order(), second.Select(message => message.Cursor));
        Assert.True(second[0].Cursor > first[^1].Cursor);
        Assert.Empty(await _store.ReadAsync(_store.LastCursor, 10, Cancel));
    }

    [Fact]
    public async Task The_inbox_keeps_the_newest_broadcasts_within_its_count()
    {
        for (var i = 0; i < 250; i++)
            await _store.DeliverAsync(Samples.Incoming(Now, isBroadcast: true), Cancel);
        var kept = await _store.ReadAsync(0, 1000, Cancel);
        Assert.InRange(kept.Count, 80, 100);
        Assert.Equal(_store.LastCursor, kept[^1].Cursor);
    }

    [Fact]
    public async Task The_inbox_keeps_the_newest_broadcasts_within_its_bytes()
    {
        for (var i = 0; i < 20; i++)
            await _store.DeliverAsync(Samples.Incoming(Now, size: 100_000, isBroadcast: true), Cancel);
        var kept = await _store.ReadAsync(0, 1000, Cancel);
        Assert.InRange(kept.Sum(message => message.Content.Length), 1, 1024 * 1024);
        Assert.Equal(_store.LastCursor, kept[^1].Cursor);
    }

    [Fact]
    public async Task The_inbox_shows_nothing_older_than_its_age()
    {
        await _store.DeliverAsync(Samples.Incoming(Now), Cancel);
        _time.Advance(Limits.MaxInboxAge - TimeSpan.FromSeconds(1));
        var young = Samples.Incoming(Now);
        await _store.DeliverAsync(young, Cancel);
        Assert.Equal(2, (await _store.ReadAsync(0, 10, Cancel)).Count);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(young.Id, Assert.Single(await _store.ReadAsync(0, 10, Cancel)).Id);
    }

    [Fact]
    public async Task A_follower_gets_what_is_there_and_then_each_arrival()
    {
        await _store.DeliverAsync(Samples.Incoming(Now), Cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await using var follower = _store.FollowAsync(0, stop.Token).GetAsyncEnumerator(stop.Token);
        Assert.True(await follower.MoveNextAsync());
        for (var i = 0; i < 5; i++)
        {
            var next = follower.MoveNextAsync().AsTask();
            var message = Samples.Incoming(Now);
            await _store.DeliverAsync(message, Cancel);
            Assert.True(await next.WaitAsync(ApiServer.Deadline, Cancel));
            Assert.Equal(message.Id, follower.Current.Id);
        }
        var last = follower.MoveNextAsync().AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => last);
    }

    [Fact]
    public async Task A_follower_of_an_inbox_whose_newest_message_was_deleted_waits_for_the_next()
    {
        var deleted = Samples.Incoming(Now);
        await _store.DeliverAsync(deleted, Cancel);
        await _store.DeleteAsync(deleted.Id, null, Cancel);
        await using var follower = _store.FollowAsync(0, Cancel).GetAsyncEnumerator(Cancel);
        var next = Task.Run(() => follower.MoveNextAsync().AsTask(), Cancel);
        var message = Samples.Incoming(Now);
        await _store.DeliverAsync(message, Cancel);
        Assert.True(await next.WaitAsync(ApiServer.Deadline, Cancel));
        Assert.Equal(message.Id, follower.Current.Id);
    }

    [Fact]
    public async Task A_relay_keeps_a_message_until_it_is_released()
    {
        var relay = (IRelayStore)_store;
        var message = Samples.Held(Now);
        Assert.Equal(HoldResult.Held, await relay.HoldAsync(message, Cancel));
        Assert.Equal(HoldResult.Duplicate, await relay.HoldAsync(message, Cancel));
        Assert.Empty(await relay.TakeHeldAsync(Samples.Address(), 10, Cancel));
        await relay.ReleaseAsync([(Samples.Address(), message.Id)], Cancel);
        var held = Assert.Single(await relay.TakeHeldAsync(message.Recipient, 10, Cancel));
        Assert.Equal((message.Id, message.Sender, message.Recipient, message.Expires), (held.Id, held.Sender, held.Recipient, held.Expires));
        Assert.Equal(message.Envelope.ToArray(), held.Envelope.ToArray());
        await relay.ReleaseAsync([(message.Sender, message.Id)], Cancel);
        Assert.Empty(await relay.TakeHeldAsync(message.Recipient, 10, Cancel));
        Assert.Equal(HoldResult.Held, await relay.HoldAsync(message, Cancel));
    }

    [Fact]
    public async Task A_relay_gives_the_oldest_messages_first_and_none_that_expired()
    {
        var relay = (IRelayStore)_store;
        await relay.HoldAsync(Samples.Held(Now, life: TimeSpan.FromMinutes(1)), Cancel);
        var second = Samples.Held(Now);
        await relay.HoldAsync(second, Cancel);
        await relay.HoldAsync(Samples.Held(Now), Cancel);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(second.Id, Assert.Single(await relay.TakeHeldAsync(Samples.Friend, 1, Cancel)).Id);
    }

    [Fact]
    public async Task A_sender_and_all_senders_together_have_quotas_that_free_up()
    {
        var relay = (IRelayStore)_store;
        var first = Samples.Held(Now);
        Assert.Equal(HoldResult.Held, await relay.HoldAsync(first, Cancel));
        for (var i = 0; i < 3; i++)
            Assert.Equal(HoldResult.Held, await relay.HoldAsync(Samples.Held(Now, life: TimeSpan.FromMinutes(1)), Cancel));
        Assert.Equal(HoldResult.OverQuota, await relay.HoldAsync(Samples.Held(Now), Cancel));

        var other = Samples.Address();
        Assert.Equal(HoldResult.OverQuota, await relay.HoldAsync(Samples.Held(Now, sender: other, size: 5_001), Cancel));
        for (var i = 0; i < 4; i++)
            Assert.Equal(HoldResult.Held, await relay.HoldAsync(Samples.Held(Now, sender: other), Cancel));
        Assert.Equal(HoldResult.OverQuota, await relay.HoldAsync(Samples.Held(Now, sender: Samples.Address()), Cancel));

        await relay.ReleaseAsync([(first.Sender, first.Id)], Cancel);
        Assert.Equal(HoldResult.Held, await relay.HoldAsync(Samples.Held(Now), Cancel));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(HoldResult.Held, await relay.HoldAsync(Samples.Held(Now), Cancel));
    }

    [Fact]
    public async Task Many_identities_of_one_address_have_half_of_a_relays_room_together()
    {
        var relay = (IRelayStore)_store;
        var network = IPAddress.Parse("2001:db8::");
        List<HeldMessage> brought = [.. Enumerable.Range(0, 5).Select(_ => Samples.Held(Now, sender: Samples.Address()) with { Network = network })];
        foreach (var message in brought[..4])
            Assert.Equal(HoldResult.Held, await relay.HoldAsync(message, Cancel));
        Assert.Equal(HoldResult.OverQuota, await relay.HoldAsync(brought[4], Cancel));
        Assert.Equal(HoldResult.Held, await relay.HoldAsync(Samples.Held(Now) with { Network = IPAddress.Parse("192.0.2.1") }, Cancel));
        Assert.Equal(HoldResult.Held, await relay.HoldAsync(Samples.Held(Now), Cancel));

        await relay.ReleaseAsync([(brought[0].Sender, brought[0].Id)], Cancel);
        Assert.Equal(HoldResult.Held, await relay.HoldAsync(brought[4], Cancel));
    }

    [Fact]
    public async Task The_peers_saved_last_are_loaded_in_their_order()
    {
        var cache = (IPeerCache)_store;
        Assert.Empty(await cache.LoadPeersAsync(Cancel));
        await cache.SavePeersAsync([Samples.Peer(Now, "gone")], Cancel);
        PeerRecord[] peers = [Samples.Peer(Now, "b"), Samples.Peer(Now, "a")];
        await cache.SavePeersAsync(peers, Cancel);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(peers.Select(peer => peer.Wire), await cache.LoadPeersAsync(Cancel));
    }

    /// <summary>Waits for earlier writes that are not awaited: they complete before this one.</summary>
    private async Task SettleAsync() => await _store.DeleteAsync(MessageId.Create(Now), null, Cancel);
}

public sealed class SqliteStoreContractTests : StoreContract
{
    private protected override IMessageStore Open(StoreFolder folder) => folder.Open();
}

public sealed class MemoryStoreContractTests : StoreContract
{
    private protected override IMessageStore Open(StoreFolder folder) =>
        new MemoryMessageStore(Options.Create(folder.Options), Options.Create(new DeliveryOptions()), folder.Time);
}
