using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Meshara.Node.Clocks;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Storage;

/// <summary>Keeps messages in memory: the fastest store, but a restart empties it.</summary>
internal sealed class MemoryMessageStore(IOptions<StorageOptions> storage, IOptions<DeliveryOptions> delivery, TimeProvider time)
    : IMessageStore, IRelayStore, IPeerCache
{
    private const int MaxRemembered = 500_000;

    private readonly StorageOptions _options = storage.Value;
    private readonly Lock _gate = new();
    private readonly NodeClock _clock = NodeClock.Of(time);
    private readonly List<Kept> _inbox = []; // in order of their cursors
    private readonly InboxUsage _usage = new(storage.Value);
    private readonly RecentMap<(NodeAddress, MessageId), byte> _seen = new(MaxRemembered, Lives.Memory(delivery.Value.MaxTimeToLive) * 2, time);
    private readonly ConcurrentDictionary<MessageId, OutgoingRecord> _pending = new();
    private readonly RecentMap<MessageId, (MessageStatus Status, long Ended)> _completed =
        new(storage.Value.MaxCompleted * 2, storage.Value.MaxCompletedAge * 2, time);
    private readonly Lock _requestsGate = new();
    private readonly RecentMap<string, RequestRecord> _requests =
        new(MaxRemembered, (delivery.Value.MaxTimeToLive + storage.Value.MaxCompletedAge) * 2, time);
    private readonly MemoryRelayStore _relayed = new(storage.Value, NodeClock.Of(time));
    private readonly ArrivalSignal _arrived = new();
    private IReadOnlyList<Protocol.Wire.PeerRecord> _peers = [];
    private long _lastCursor;

    public string? Problem => null;

    public StorageState State => StorageState.Healthy;

    public InboxEvictions Evictions => _usage.Evictions;

    public long LastCursor => Volatile.Read(ref _lastCursor);

    public ValueTask<IReadOnlyList<OutgoingRecord>> LoadPendingAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<OutgoingRecord>>([.. _pending.Values.OrderBy(message => message.Id)]);

    public ValueTask AppendAsync(OutgoingRecord message, CancellationToken cancellationToken)
    {
        _pending[message.Id] = message;
        return ValueTask.CompletedTask;
    }

    public ValueTask<RequestRecord?> AppendOnceAsync(RequestRecord request, OutgoingRecord? message, CancellationToken cancellationToken)
    {
        lock (_requestsGate)
        {
            if (_requests.TryGet(request.Key, out var earlier))
                return ValueTask.FromResult<RequestRecord?>(earlier);
            _requests.TryAdd(request.Key, request);
            if (message is not null)
                _pending[message.Id] = message;
            return ValueTask.FromResult<RequestRecord?>(null);
        }
    }

    public ValueTask SealAsync(OutgoingRecord message, CancellationToken cancellationToken)
    {
        if (_pending.TryGetValue(message.Id, out var unsealed))
            _pending.TryUpdate(message.Id, message, unsealed);
        return ValueTask.CompletedTask;
    }

    public ValueTask CompleteAsync(MessageStatus final, CancellationToken cancellationToken)
    {
        _completed.TryAdd(final.Id, (final, _clock.Steady.UtcTicks));
        _pending.TryRemove(final.Id, out _);
        return ValueTask.CompletedTask;
    }

    public ValueTask<MessageStatus?> FindCompletedAsync(MessageId id, CancellationToken cancellationToken) =>
        ValueTask.FromResult(
            _completed.TryGet(id, out var completed) && completed.Ended > (_clock.Steady - _options.MaxCompletedAge).UtcTicks ? completed.Status : null);

    public ValueTask<DeliveryResult> DeliverAsync(IncomingMessage message, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!message.IsBroadcast && !HasRoom(message))
                return ValueTask.FromResult(_seen.Contains((message.Sender, message.Id)) ? DeliveryResult.Duplicate : DeliveryResult.Full);
            if (!_seen.TryAdd((message.Sender, message.Id), 0))
                return ValueTask.FromResult(DeliveryResult.Duplicate);
            var cursor = _lastCursor + 1;
            _inbox.Add(new Kept(
                new InboxMessage(cursor, message.Id, message.Sender, message.IsBroadcast, message.SentAt, message.ReceivedAt, message.Content) { Network = message.Network },
                _clock.Steady.UtcTicks));
            _usage.Add(message.Sender, message.Network, message.IsBroadcast, message.Content.Length);
            Volatile.Write(ref _lastCursor, cursor);
            Trim(message);
        }
        _arrived.Set();
        return ValueTask.FromResult(DeliveryResult.Delivered);
    }

    public ValueTask<IReadOnlyList<InboxMessage>> ReadAsync(long after, int limit, CancellationToken cancellationToken)
    {
        var page = Page(after, limit);
        if (page.Count > 0)
            _usage.MarkRead(page[0].Cursor, CollectionsMarshal.AsSpan(page));
        return ValueTask.FromResult<IReadOnlyList<InboxMessage>>(page);
    }

    public ValueTask<DeleteResult> DeleteAsync(MessageId id, NodeAddress? sender, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // Scans the list: deletions are rare, and an index would burden every delivery.
            var matches = _inbox.FindAll(kept => kept.Message.Id == id && (sender is null || kept.Message.Sender == sender));
            if (matches.Count == 0)
                return ValueTask.FromResult(DeleteResult.NotFound);
            if (matches.Exists(kept => kept.Message.Sender != matches[0].Message.Sender))
                return ValueTask.FromResult(DeleteResult.Ambiguous);
            foreach (var match in matches)
                Remove(match.Message.Cursor);
            return ValueTask.FromResult(DeleteResult.Deleted);
        }
    }

    public async IAsyncEnumerable<InboxMessage> FollowAsync(long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long first = 0;
        while (true)
        {
            // Taken before reading, so that an arrival in between is not missed.
            var next = _arrived.Next;
            var page = Page(after, 500);
            foreach (var message in page)
            {
                after = message.Cursor;
                yield return message;
                // The follower asks for the next message, so it has handled this one.
                _usage.MarkRead(first == 0 ? after : first, message);
                first = after + 1;
            }
            if (page.Count == 0)
                await next.WaitAsync(cancellationToken);
        }
    }

    public ValueTask<HoldResult> HoldAsync(HeldMessage message, CancellationToken cancellationToken) => _relayed.HoldAsync(message, cancellationToken);

    public ValueTask<IReadOnlyList<HeldMessage>> TakeHeldAsync(NodeAddress recipient, int limit, CancellationToken cancellationToken) =>
        _relayed.TakeHeldAsync(recipient, limit, cancellationToken);

    public ValueTask ReleaseAsync(IReadOnlyCollection<(NodeAddress Sender, MessageId Id)> messages, CancellationToken cancellationToken) =>
        _relayed.ReleaseAsync(messages, cancellationToken);

    public ValueTask SavePeersAsync(IReadOnlyCollection<PeerRecord> peers, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _peers, [.. peers.Select(peer => peer.Wire)]);
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<Protocol.Wire.PeerRecord>> LoadPeersAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult(Volatile.Read(ref _peers));

    private int FirstAfter(long cursor)
    {
        int low = 0, high = _inbox.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_inbox[middle].Message.Cursor <= cursor)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    private List<InboxMessage> Page(long after, int limit)
    {
        lock (_gate)
        {
            var oldest = (_clock.Steady - _options.MaxInboxAge).UtcTicks;
            var page = new List<InboxMessage>();
            for (var at = FirstAfter(after); at < _inbox.Count && page.Count < limit; at++)
            {
                if (_inbox[at].Arrived > oldest)
                    page.Add(_inbox[at].Message);
            }
            return page;
        }
    }

    private void Remove(long cursor)
    {
        var at = FirstAfter(cursor - 1);
        if (at == _inbox.Count || _inbox[at].Message.Cursor != cursor)
            return;
        var message = _inbox[at].Message;
        _usage.Remove(cursor, message.Sender, message.Network, message.IsBroadcast, message.Content.Length);
        _inbox.RemoveAt(at);
    }

    private bool HasRoom(IncomingMessage message)
    {
        if (_usage.HasRoom(message))
            return true;
        var oldest = (_clock.Steady - _options.MaxInboxAge).UtcTicks;
        Evict(kept => kept.Arrived <= oldest, () => true, 0);
        return _usage.HasRoom(message);
    }

    private void Trim(IncomingMessage arrived)
    {
        if (arrived.IsBroadcast && _usage.IsOverBroadcastsOf(arrived.Sender))
            Evict(kept => kept.Message.IsBroadcast && kept.Message.Sender == arrived.Sender, () => _usage.IsOverBroadcastsOf(arrived.Sender), _options.MaxInboxBroadcastsPerSender);
        if (arrived.IsBroadcast && _usage.IsOverBroadcasts)
            Evict(kept => kept.Message.IsBroadcast, () => _usage.IsOverBroadcasts, _options.MaxInboxBroadcasts);
        if (!arrived.IsBroadcast && _usage.IsOverPrivate)
            Evict(kept => !kept.Message.IsBroadcast && _usage.IsRead(kept.Message.Cursor), () => _usage.IsOverPrivate, _options.MaxInboxMessages);
    }

    /// <summary>Evicts the oldest; at least a tenth of the limit at once, since it scans the whole list.</summary>
    private void Evict(Predicate<Kept> may, Func<bool> isOver, int limit)
    {
        var (dropped, least) = (0, limit / 10 + 1);
        _inbox.RemoveAll(kept =>
        {
            if ((dropped >= least && !isOver()) || !may(kept))
                return false;
            var message = kept.Message;
            dropped++;
            var isUnread = _usage.Remove(message.Cursor, message.Sender, message.Network, message.IsBroadcast, message.Content.Length);
            _usage.Evicted(default(InboxEvictions).Plus(message.IsBroadcast, isUnread));
            return true;
        });
    }

    /// <summary>A message and its time of arrival, in ticks of the node's steady time.</summary>
    private readonly record struct Kept(InboxMessage Message, long Arrived);
}
