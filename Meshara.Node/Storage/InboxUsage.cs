using System.Runtime.InteropServices;
using Meshara.Node.Identity;

namespace Meshara.Node.Storage;

/// <summary>
/// What the inbox holds, by kind and by sender, and what of it was read. Limits are kept per kind, so that broadcasts, which anybody may
/// send and nobody acknowledges, never push out a private message; and per sender, so that nobody takes the room of all others. Safe for
/// concurrent use: one thread writes, readers mark what they were given.
/// </summary>
internal sealed class InboxUsage(StorageOptions options)
{
    private readonly Lock _gate = new();
    private readonly ReadRanges _read = new();
    private readonly Dictionary<NodeAddress, Amount> _unreadBySender = [], _broadcastsBySender = [];
    private Amount _private, _unread, _broadcasts;
    private InboxEvictions _evictions;
    private long _evictFrom;
    private bool _hasNewMarks;

    /// <summary>What left the inbox for want of room or for its age.</summary>
    public InboxEvictions Evictions
    {
        get
        {
            lock (_gate)
                return _evictions;
        }
    }

    /// <summary>More private messages than allowed; only read ones may go.</summary>
    public bool IsOverPrivate => _private.Exceeds(options.MaxInboxMessages, options.MaxInboxBytes);

    /// <summary>More broadcasts than allowed.</summary>
    public bool IsOverBroadcasts => _broadcasts.Exceeds(options.MaxInboxBroadcasts, options.MaxInboxBroadcastBytes);

    /// <summary>More broadcasts of one sender than allowed.</summary>
    public bool IsOverBroadcastsOf(NodeAddress sender) =>
        _broadcastsBySender.GetValueOrDefault(sender).Exceeds(options.MaxInboxBroadcastsPerSender, options.MaxInboxBroadcastBytesPerSender);

    /// <summary>Whether a private message of this sender fits beside those that nobody has read.</summary>
    public bool HasRoom(NodeAddress sender, int size)
    {
        lock (_gate)
        {
            return !_unread.Plus(1, size).Exceeds(options.MaxInboxMessages, options.MaxInboxBytes)
                && !_unreadBySender.GetValueOrDefault(sender).Plus(1, size).Exceeds(options.MaxInboxMessagesPerSender, options.MaxInboxBytesPerSender);
        }
    }

    public void Add(NodeAddress sender, bool isBroadcast, long size, long messages = 1)
    {
        lock (_gate)
        {
            if (isBroadcast)
                Count(ref _broadcasts, _broadcastsBySender, sender, messages, size);
            else
            {
                _private = _private.Plus(messages, size);
                Count(ref _unread, _unreadBySender, sender, messages, size);
            }
        }
    }

    /// <summary>A message has gone; true when nobody had read it.</summary>
    public bool Remove(long cursor, NodeAddress sender, bool isBroadcast, long size)
    {
        lock (_gate)
        {
            var unread = !_read.Contains(cursor);
            if (isBroadcast)
            {
                Count(ref _broadcasts, _broadcastsBySender, sender, -1, -size);
                return unread;
            }
            _private = _private.Plus(-1, -size);
            if (unread)
                Count(ref _unread, _unreadBySender, sender, -1, -size);
            return unread;
        }
    }

    /// <summary>A reader was given these messages.</summary>
    /// <param name="first">Nothing else is in the inbox between this cursor and the page's first message.</param>
    public void MarkRead(long first, params ReadOnlySpan<InboxMessage> page)
    {
        if (page.IsEmpty)
            return;
        lock (_gate)
        {
            foreach (var message in page)
            {
                if (!message.IsBroadcast && !_read.Contains(message.Cursor))
                    Count(ref _unread, _unreadBySender, message.Sender, -1, -message.Content.Length);
            }
            _read.Add(new CursorRange(first, page[^1].Cursor));
            _evictFrom = Math.Min(_evictFrom, first);
            _hasNewMarks = true;
        }
    }

    /// <summary>Whether a reader was given it.</summary>
    public bool IsRead(long cursor)
    {
        lock (_gate)
            return _read.Contains(cursor);
    }

    /// <summary>Read cursors, the oldest that may hold a message first; null when there are none.</summary>
    public CursorRange? NextRead()
    {
        lock (_gate)
            return _read.From(_evictFrom);
    }

    /// <summary>Counts what has left for good.</summary>
    public void Evicted(InboxEvictions evictions)
    {
        lock (_gate)
            _evictions = _evictions.Plus(evictions);
    }

    /// <summary>Nothing that was read is left before this cursor.</summary>
    public void EvictedUpTo(long cursor)
    {
        lock (_gate)
            _evictFrom = cursor;
    }

    /// <summary>The marks that were made since the last call; null when there are none.</summary>
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

    /// <summary>Begins anew with what is stored: counts of read private messages, and then <see cref="Add"/> for everything else.</summary>
    public void Reset(IEnumerable<CursorRange> read, long readMessages, long readBytes)
    {
        lock (_gate)
        {
            _read.Clear();
            foreach (var range in read)
                _read.Add(range);
            _unreadBySender.Clear();
            _broadcastsBySender.Clear();
            (_private, _unread, _broadcasts) = (new Amount(readMessages, readBytes), default, default);
            _evictFrom = 0;
        }
    }

    private static void Count(ref Amount all, Dictionary<NodeAddress, Amount> bySender, NodeAddress sender, long messages, long bytes)
    {
        all = all.Plus(messages, bytes);
        ref var own = ref CollectionsMarshal.GetValueRefOrAddDefault(bySender, sender, out _);
        own = own.Plus(messages, bytes);
        if (own.Messages == 0)
            bySender.Remove(sender);
    }

    private readonly record struct Amount(long Messages, long Bytes)
    {
        public Amount Plus(long messages, long bytes) => new(Messages + messages, Bytes + bytes);

        public bool Exceeds(long messages, long bytes) => Messages > messages || Bytes > bytes;
    }
}
