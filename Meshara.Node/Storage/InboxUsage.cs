using System.Net;
using System.Runtime.InteropServices;
using Meshara.Node.Identity;

namespace Meshara.Node.Storage;

/// <summary>
/// Tracks what the inbox holds, by kind and by sender, and what of it was read. Limits are per kind, so that broadcasts, which
/// anyone may send and nobody acknowledges, never push out a private message; and per sender and per address that hands in
/// private messages, so that nobody takes the room of all others. Safe for concurrent use: one thread writes, and readers mark
/// what they were given.
/// </summary>
internal sealed class InboxUsage(StorageOptions options)
{
    private readonly Lock _gate = new();
    private readonly ReadRanges _read = new();
    private readonly Dictionary<NodeAddress, Amount> _unreadBySender = [], _broadcastsBySender = [];
    private readonly Dictionary<IPAddress, Amount> _unreadByNetwork = [];
    private Amount _private, _unread, _broadcasts;
    private InboxEvictions _evictions;
    private long _evictFrom;
    private bool _hasNewMarks;

    /// <summary>Messages evicted to make room or because of their age.</summary>
    public InboxEvictions Evictions
    {
        get
        {
            lock (_gate)
                return _evictions;
        }
    }

    /// <summary>True if there are more private messages than allowed; only read ones may be evicted.</summary>
    public bool IsOverPrivate => _private.Exceeds(options.MaxInboxMessages, options.MaxInboxBytes);

    /// <summary>True if there are more broadcasts than allowed.</summary>
    public bool IsOverBroadcasts => _broadcasts.Exceeds(options.MaxInboxBroadcasts, options.MaxInboxBroadcastBytes);

    /// <summary>True if there are more broadcasts of one sender than allowed.</summary>
    public bool IsOverBroadcastsOf(NodeAddress sender) =>
        _broadcastsBySender.GetValueOrDefault(sender).Exceeds(options.MaxInboxBroadcastsPerSender, options.MaxInboxBroadcastBytesPerSender);

    /// <summary>True if a private message fits beside the unread ones.</summary>
    public bool HasRoom(IncomingMessage message)
    {
        var size = message.Content.Length;
        lock (_gate)
        {
            return !_unread.Plus(1, size).Exceeds(options.MaxInboxMessages, options.MaxInboxBytes)
                && !_unreadBySender.GetValueOrDefault(message.Sender).Plus(1, size).Exceeds(options.MaxInboxMessagesPerSender, options.MaxInboxBytesPerSender)
                && !(message.Network is { } network
                    && _unreadByNetwork.GetValueOrDefault(network).Plus(1, size).Exceeds(options.MaxInboxMessagesPerNetwork, options.MaxInboxBytesPerNetwork));
        }
    }

    public void Add(NodeAddress sender, IPAddress? network, bool isBroadcast, long size, long messages = 1)
    {
        lock (_gate)
        {
            if (isBroadcast)
            {
                _broadcasts = _broadcasts.Plus(messages, size);
                Count(_broadcastsBySender, sender, messages, size);
                return;
            }
            _private = _private.Plus(messages, size);
            CountUnread(sender, network, messages, size);
        }
    }

    /// <summary>Counts a removed message; returns true if nobody had read it.</summary>
    public bool Remove(long cursor, NodeAddress sender, IPAddress? network, bool isBroadcast, long size)
    {
        lock (_gate)
        {
            var unread = !_read.Contains(cursor);
            if (isBroadcast)
            {
                _broadcasts = _broadcasts.Plus(-1, -size);
                Count(_broadcastsBySender, sender, -1, -size);
                return unread;
            }
            _private = _private.Plus(-1, -size);
            if (unread)
                CountUnread(sender, network, -1, -size);
            return unread;
        }
    }

    /// <summary>Marks messages as given to a reader.</summary>
    /// <param name="first">Where the marked range begins: the inbox holds nothing between this cursor and the page's first
    /// message.</param>
    public void MarkRead(long first, params ReadOnlySpan<InboxMessage> page)
    {
        if (page.IsEmpty)
            return;
        lock (_gate)
        {
            foreach (var message in page)
            {
                if (!message.IsBroadcast && !_read.Contains(message.Cursor))
                    CountUnread(message.Sender, message.Network, -1, -message.Content.Length);
            }
            _read.Add(new CursorRange(first, page[^1].Cursor));
            _evictFrom = Math.Min(_evictFrom, first);
            _hasNewMarks = true;
        }
    }

    /// <summary>True if the message was given to a reader.</summary>
    public bool IsRead(long cursor)
    {
        lock (_gate)
            return _read.Contains(cursor);
    }

    /// <summary>The first range of read cursors that may still hold messages; null if there is none.</summary>
    public CursorRange? NextRead()
    {
        lock (_gate)
            return _read.From(_evictFrom);
    }

    /// <summary>Counts messages that were evicted for good.</summary>
    public void Evicted(InboxEvictions evictions)
    {
        lock (_gate)
            _evictions = _evictions.Plus(evictions);
    }

    /// <summary>Records that no read message is left before this cursor.</summary>
    public void EvictedUpTo(long cursor)
    {
        lock (_gate)
            _evictFrom = cursor;
    }

    /// <summary>All marks, if any were made since the last call; otherwise null.</summary>
    public IReadOnlyList<CursorRange>? TakeNewMarks()
    {
        lock (_gate)
        {
            if (!_hasNewMarks)
                return null;
            _hasNewMarks = false;
            return [.. _read.All];
        }
    }

    /// <summary>
    /// Starts over from stored data: the totals of read private messages, followed by <see cref="Add"/> for everything else.
    /// </summary>
    public void Reset(IEnumerable<CursorRange> read, long readMessages, long readBytes)
    {
        lock (_gate)
        {
            _read.Clear();
            foreach (var range in read)
                _read.Add(range);
            _unreadBySender.Clear();
            _unreadByNetwork.Clear();
            _broadcastsBySender.Clear();
            (_private, _unread, _broadcasts) = (new Amount(readMessages, readBytes), default, default);
            _evictFrom = 0;
        }
    }

    private void CountUnread(NodeAddress sender, IPAddress? network, long messages, long bytes)
    {
        _unread = _unread.Plus(messages, bytes);
        Count(_unreadBySender, sender, messages, bytes);
        if (network is not null)
            Count(_unreadByNetwork, network, messages, bytes);
    }

    private static void Count<TKey>(Dictionary<TKey, Amount> amounts, TKey key, long messages, long bytes) where TKey : notnull
    {
        ref var own = ref CollectionsMarshal.GetValueRefOrAddDefault(amounts, key, out _);
        own = own.Plus(messages, bytes);
        if (own.Messages == 0)
            amounts.Remove(key);
    }

    private readonly record struct Amount(long Messages, long Bytes)
    {
        public Amount Plus(long messages, long bytes) => new(Messages + messages, Bytes + bytes);

        public bool Exceeds(long messages, long bytes) => Messages > messages || Bytes > bytes;
    }
}
