using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Storage;

/// <summary>Keeps messages in memory: the fastest store, and one that a restart empties.</summary>
internal sealed class MemoryMessageStore(IOptions<StorageOptions> storage, IOptions<DeliveryOptions> delivery, TimeProvider time) : IMessageStore
{
    private const int MaxRemembered = 500_000;

    private readonly StorageOptions _options = storage.Value;
    private readonly Lock _gate = new();
    private readonly SortedList<long, InboxMessage> _inbox = [];
    private readonly Dictionary<MessageId, long> _cursors = [];
    private readonly RecentMap<(NodeAddress, MessageId), byte> _seen = new(MaxRemembered, delivery.Value.MaxTimeToLive * 2, time);
    private readonly ConcurrentDictionary<MessageId, OutgoingRecord> _pending = new();
    private readonly RecentMap<MessageId, MessageStatus> _completed = new(storage.Value.MaxCompleted, delivery.Value.MaxTimeToLive, time);
    private readonly ArrivalSignal _arrived = new();
    private long _bytes;
    private long _lastCursor;

    public string? Problem => null;

    public long LastCursor => Volatile.Read(ref _lastCursor);

    public ValueTask<IReadOnlyList<OutgoingRecord>> LoadPendingAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<OutgoingRecord>>([.. _pending.Values.OrderBy(message => message.Id)]);

    public ValueTask AppendAsync(OutgoingRecord message, CancellationToken cancellationToken)
    {
        _pending[message.Id] = message;
        return ValueTask.CompletedTask;
    }

    public ValueTask SealAsync(OutgoingRecord message, CancellationToken cancellationToken) => AppendAsync(message, cancellationToken);

    public ValueTask CompleteAsync(MessageStatus final, CancellationToken cancellationToken)
    {
        _completed.Set(final.Id, final);
        _pending.TryRemove(final.Id, out _);
        return ValueTask.CompletedTask;
    }

    public ValueTask<MessageStatus?> FindCompletedAsync(MessageId id, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_completed.TryGet(id, out var status) ? status : null);

    public ValueTask<DeliveryResult> DeliverAsync(IncomingMessage message, CancellationToken cancellationToken)
    {
        if (!_seen.TryAdd((message.Sender, message.Id), 0))
            return ValueTask.FromResult(DeliveryResult.Duplicate);
        lock (_gate)
        {
            var cursor = _lastCursor + 1;
            _inbox.Add(cursor, new InboxMessage(cursor, message.Id, message.Sender, message.IsBroadcast, message.SentAt, message.ReceivedAt, message.Content));
            _cursors[message.Id] = cursor;
            _bytes += message.Content.Length;
            Volatile.Write(ref _lastCursor, cursor);
            if (_inbox.Count > _options.MaxInboxMessages || _bytes > _options.MaxInboxBytes)
                Trim();
        }
        _arrived.Set();
        return ValueTask.FromResult(DeliveryResult.Delivered);
    }

    public ValueTask<IReadOnlyList<InboxMessage>> ReadAsync(long after, int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var page = new List<InboxMessage>();
            for (var at = FirstAfter(after); at < _inbox.Count && page.Count < limit; at++)
                page.Add(_inbox.GetValueAtIndex(at));
            return ValueTask.FromResult<IReadOnlyList<InboxMessage>>(page);
        }
    }

    public ValueTask<bool> DeleteAsync(MessageId id, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_cursors.Remove(id, out var cursor) || !_inbox.Remove(cursor, out var message))
                return ValueTask.FromResult(false);
            _bytes -= message.Content.Length;
            return ValueTask.FromResult(true);
        }
    }

    public async IAsyncEnumerable<InboxMessage> FollowAsync(long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            // Taken before reading: what arrives between the two is not missed.
            var next = _arrived.Next;
            foreach (var message in await ReadAsync(after, 500, cancellationToken))
            {
                after = message.Cursor;
                yield return message;
            }
            if (after < LastCursor)
                continue;
            await next.WaitAsync(cancellationToken);
        }
    }

    private int FirstAfter(long cursor)
    {
        int low = 0, high = _inbox.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_inbox.GetKeyAtIndex(middle) <= cursor)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>Removes a tenth at once, since removing from the front of a sorted list moves all the rest.</summary>
    private void Trim()
    {
        var keep = _inbox.Skip(_inbox.Count / 10 + 1).ToList();
        _inbox.Clear();
        _cursors.Clear();
        _bytes = 0;
        foreach (var (cursor, message) in keep)
        {
            _inbox.Add(cursor, message);
            _cursors[message.Id] = cursor;
            _bytes += message.Content.Length;
        }
    }
}
