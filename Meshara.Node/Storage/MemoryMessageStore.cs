using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Storage;

/// <summary>Keeps messages in memory: the fastest store, and one that a restart empties.</summary>
internal sealed class MemoryMessageStore(IOptions<StorageOptions> storage, IOptions<DeliveryOptions> delivery, TimeProvider time)
    : IMessageStore, IRelayStore, IPeerCache
{
    private const int MaxRemembered = 500_000;

    private readonly StorageOptions _options = storage.Value;
    private readonly Lock _gate = new();
    private readonly List<InboxMessage> _inbox = []; // in order of their cursors
    private readonly Dictionary<MessageId, long> _cursors = [];

    // Ids that more than one sender has used: only a hostile one reuses an id, so their messages may be searched for.
    private readonly HashSet<MessageId> _sharedIds = [];
    private readonly RecentMap<(NodeAddress, MessageId), byte> _seen = new(MaxRemembered, delivery.Value.MaxTimeToLive * 2, time);
    private readonly ConcurrentDictionary<MessageId, OutgoingRecord> _pending = new();
    private readonly RecentMap<MessageId, MessageStatus> _completed = new(storage.Value.MaxCompleted * 2, storage.Value.MaxCompletedAge * 2, time);
    private readonly MemoryRelayStore _relayed = new(storage.Value, time);
    private readonly ArrivalSignal _arrived = new();
    private IReadOnlyList<Protocol.Wire.PeerRecord> _peers = [];
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

    public ValueTask SealAsync(OutgoingRecord message, CancellationToken cancellationToken)
    {
        if (_pending.TryGetValue(message.Id, out var unsealed))
            _pending.TryUpdate(message.Id, message, unsealed);
        return ValueTask.CompletedTask;
    }

    public ValueTask CompleteAsync(MessageStatus final, CancellationToken cancellationToken)
    {
        _completed.TryAdd(final.Id, final);
        _pending.TryRemove(final.Id, out _);
        return ValueTask.CompletedTask;
    }

    public ValueTask<MessageStatus?> FindCompletedAsync(MessageId id, CancellationToken cancellationToken) =>
        ValueTask.FromResult(
            _completed.TryGet(id, out var status) && status.CompletedAt > time.GetUtcNow() - _options.MaxCompletedAge ? status : null);

    public ValueTask<DeliveryResult> DeliverAsync(IncomingMessage message, CancellationToken cancellationToken)
    {
        if (!_seen.TryAdd((message.Sender, message.Id), 0))
            return ValueTask.FromResult(DeliveryResult.Duplicate);
        lock (_gate)
        {
            var cursor = _lastCursor + 1;
            _inbox.Add(new InboxMessage(cursor, message.Id, message.Sender, message.IsBroadcast, message.SentAt, message.ReceivedAt, message.Content));
            if (!_cursors.TryAdd(message.Id, cursor))
                _sharedIds.Add(message.Id);
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
            var oldest = time.GetUtcNow() - _options.MaxInboxAge;
            var page = new List<InboxMessage>();
            for (var at = FirstAfter(after); at < _inbox.Count && page.Count < limit; at++)
            {
                if (_inbox[at] is var message && message.ReceivedAt > oldest)
                    page.Add(message);
            }
            return ValueTask.FromResult<IReadOnlyList<InboxMessage>>(page);
        }
    }

    public ValueTask<bool> DeleteAsync(MessageId id, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_cursors.Remove(id, out var cursor))
                return ValueTask.FromResult(false);
            Remove(cursor);
            if (_sharedIds.Remove(id))
            {
                foreach (var other in _inbox.Where(message => message.Id == id).Select(message => message.Cursor).ToList())
                    Remove(other);
            }
            return ValueTask.FromResult(true);
        }
    }

    public async IAsyncEnumerable<InboxMessage> FollowAsync(long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            // Taken before reading: what arrives between the two is not missed.
            var next = _arrived.Next;
            var page = await ReadAsync(after, 500, cancellationToken);
            foreach (var message in page)
            {
                after = message.Cursor;
                yield return message;
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
            if (_inbox[middle].Cursor <= cursor)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    private void Remove(long cursor)
    {
        var at = FirstAfter(cursor - 1);
        if (at == _inbox.Count || _inbox[at].Cursor != cursor)
            return;
        _bytes -= _inbox[at].Content.Length;
        _inbox.RemoveAt(at);
    }

    /// <summary>Removes at least a tenth at once, since removing from the front of a list moves all the rest.</summary>
    private void Trim()
    {
        var (drop, least) = (0, _inbox.Count / 10 + 1);
        for (; drop < _inbox.Count && (drop < least || _inbox.Count - drop > _options.MaxInboxMessages || _bytes > _options.MaxInboxBytes); drop++)
        {
            _bytes -= _inbox[drop].Content.Length;
            _cursors.Remove(_inbox[drop].Id);
        }
        _inbox.RemoveRange(0, drop);
        if (_sharedIds.Count > 0)
            IndexSharedIds();
    }

    /// <summary>An id that several use may have gone with the first of its messages: everything is looked through, as hardly ever happens.</summary>
    private void IndexSharedIds()
    {
        _cursors.Clear();
        _sharedIds.Clear();
        foreach (var message in _inbox)
        {
            if (!_cursors.TryAdd(message.Id, message.Cursor))
                _sharedIds.Add(message.Id);
        }
    }
}
