using Meshara.Node.Identity;

namespace Meshara.Node.Storage.Sqlite;

internal sealed partial class WriteSession
{
    private const string Removed = "RETURNING cursor, sender, broadcast, size, network";

    private Statement _dropRead = null!, _dropBroadcast = null!, _dropBroadcastOf = null!, _clearMarks = null!, _mark = null!;
    private long _oldestBroadcast;
    private long _removedCursor;
    private InboxEvictions _evicted;
    private bool _usageChanged, _isUsageStale;

    private void PrepareInbox()
    {
        // Cursors before the starting point ?1 of the first two were already searched.
        _dropRead = Prepare($"""
            DELETE FROM inbox WHERE cursor = (SELECT cursor FROM inbox WHERE cursor BETWEEN ?1 AND ?2 AND broadcast = 0 ORDER BY cursor LIMIT 1) {Removed}
            """);
        _dropBroadcast = Prepare($"""
            DELETE FROM inbox WHERE cursor = (SELECT cursor FROM inbox WHERE cursor >= ?1 AND broadcast = 1 ORDER BY cursor LIMIT 1) {Removed}
            """);
        _dropBroadcastOf = Prepare($"DELETE FROM inbox WHERE cursor = (SELECT min(cursor) FROM inbox WHERE broadcast = 1 AND sender = ?1) {Removed}");
        _clearMarks = Prepare("DELETE FROM inbox_read");
        _mark = Prepare("INSERT INTO inbox_read (first, last) VALUES (?1, ?2)");
    }

    /// <summary>Loads the usage from the tables: at the start, and after a transaction that changed it was rolled back.</summary>
    private void LoadUsage()
    {
        var read = new List<CursorRange>();
        using (var ranges = new Statement(_database, "SELECT first, last FROM inbox_read WHERE last >= (SELECT min(cursor) FROM inbox) ORDER BY first"))
        {
            while (ranges.Step())
                read.Add(new CursorRange(ranges.Int64(0), ranges.Int64(1)));
        }
        const string isRead = "EXISTS (SELECT 1 FROM inbox_read WHERE cursor BETWEEN first AND last)";
        _usage.Reset(
            read,
            Statement.Scalar(_database, $"SELECT count(*) FROM inbox WHERE broadcast = 0 AND {isRead}"),
            Statement.Scalar(_database, $"SELECT total(size) FROM inbox WHERE broadcast = 0 AND {isRead}"));
        using var rest = new Statement(_database,
            $"SELECT sender, broadcast, count(*), total(size), network FROM inbox WHERE broadcast = 1 OR NOT {isRead} GROUP BY sender, broadcast, network");
        while (rest.Step())
            _usage.Add(rest.Address(0), rest.Network(4), rest.Int64(1) != 0, rest.Int64(3), rest.Int64(2));
        _oldestBroadcast = 0;
        _isUsageStale = false;
    }

    /// <summary>
    /// Makes room by evicting the oldest read messages and the oldest broadcasts, never an unread private message.
    /// </summary>
    private void TrimInbox()
    {
        for (var dropped = 0; dropped < MaxTrimmed && _usage.IsOverPrivate && _usage.NextRead() is { } range; dropped++)
            _usage.EvictedUpTo(Evict(_dropRead.Bind(1, range.First).Bind(2, range.Last)) > 0 ? _removedCursor + 1 : range.Last + 1);
        for (var dropped = 0; dropped < MaxTrimmed && _usage.IsOverBroadcasts && Evict(_dropBroadcast.Bind(1, _oldestBroadcast)) > 0; dropped++)
            _oldestBroadcast = _removedCursor + 1;
    }

    private void TrimBroadcastsOf(NodeAddress sender)
    {
        for (var dropped = 0; dropped < MaxTrimmed && _usage.IsOverBroadcastsOf(sender) && Evict(_dropBroadcastOf.Bind(1, sender)) > 0; dropped++)
        {
            // One for each that arrives, except after the limit was lowered.
        }
    }

    /// <summary>
    /// Saves which messages were read, so that they can make room after a restart too; marks lost in a crash only keep
    /// messages longer.
    /// </summary>
    private void SaveMarks()
    {
        if (_usage.TakeNewMarks() is not { } marks)
            return;
        _clearMarks.Execute();
        foreach (var range in marks)
            _mark.Bind(1, range.First).Bind(2, range.Last).Execute();
    }

    private int Evict(Statement removal) => Remove(removal, isEviction: true);

    /// <summary>Runs a statement that removes messages, and updates the usage; returns their number.</summary>
    private int Remove(Statement removal, bool isEviction = false)
    {
        var removed = 0;
        for (; removal.Step(); removed++)
        {
            _removedCursor = removal.Int64(0);
            var isBroadcast = removal.Int64(2) != 0;
            _usageChanged = true;
            var isUnread = _usage.Remove(_removedCursor, removal.Address(1), removal.Network(4), isBroadcast, removal.Int64(3));
            if (isEviction)
                _evicted = _evicted.Plus(isBroadcast, isUnread);
        }
        return removed;
    }
}
