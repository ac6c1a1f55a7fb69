using SQLitePCL;

namespace Meshara.Node.Storage.Sqlite;

internal sealed partial class WriteSession
{
    /// <summary>
    /// Maximum number of rows that one slice of maintenance removes from a table: a few milliseconds in which nothing else
    /// is written.
    /// </summary>
    private const int RowsPerSlice = 500;

    // Maximum number of rows that one trim removes; after limits were lowered, reaching them takes several transactions.
    private const int MaxTrimmed = 2_000;

    // 4 MiB of free pages stay in the file for reuse; beyond that it shrinks, 1 MiB at a time.
    private const int SparePages = 1024;
    private const int PagesPerSlice = 256;

    // After a crash the node's clock continues from the last saved state, plus the time since then by the wall clock.
    private static readonly TimeSpan ClockInterval = TimeSpan.FromSeconds(30);

    private Statement _forgetOldest = null!, _dropAged = null!, _forgetAged = null!, _forgetSeen = null!, _probe = null!, _saveClock = null!;
    private long _clockSaved;

    private void PrepareRetention()
    {
        _forgetOldest = Prepare("DELETE FROM completed WHERE seq IN (SELECT seq FROM completed ORDER BY seq LIMIT ?1)");
        // Cursor and sequence grow with time, so the oldest rows are the first ones and no index on time is needed.
        _dropAged = Prepare($"DELETE FROM inbox WHERE cursor IN (SELECT cursor FROM inbox ORDER BY cursor LIMIT ?2) AND received <= ?1 {Removed}");
        _forgetAged = Prepare("DELETE FROM completed WHERE seq IN (SELECT seq FROM completed ORDER BY seq LIMIT ?2) AND coalesce(ended, completed) <= ?1");
        _forgetSeen = Prepare("DELETE FROM seen WHERE (sender, id) IN (SELECT sender, id FROM seen WHERE expires <= ?1 ORDER BY expires LIMIT ?2)");
        _saveClock = Prepare("""
            INSERT INTO clock (one, steady, wall, ahead, peers) VALUES (1, ?1, ?2, ?3, ?4)
            ON CONFLICT (one) DO UPDATE SET steady = excluded.steady, wall = excluded.wall, ahead = excluded.ahead, peers = excluded.peers
            """);
        _probe = Prepare("INSERT INTO probe (one, data) VALUES (1, randomblob(65536)) ON CONFLICT (one) DO UPDATE SET data = excluded.data");
    }

    /// <summary>
    /// Writes some pages, inside a transaction: there must be room for a whole message, not just for a few bytes.
    /// </summary>
    public bool Probe()
    {
        _probe.Execute();
        return true;
    }

    /// <summary>Saves the state of the node's clock, inside a transaction.</summary>
    public void SaveClock()
    {
        var state = _clock.State;
        _saveClock.Bind(1, state.Steady).Bind(2, state.Wall).Bind(3, state.Ahead.Ticks).Bind(4, state.Peers).Execute();
        _clockSaved = _clock.GetTimestamp();
    }

    /// <summary>Removes some rows that have expired, inside a transaction; returns true if there may be more.</summary>
    public bool Forget()
    {
        if (_clockSaved == 0 || _clock.GetElapsedTime(_clockSaved) > ClockInterval)
            SaveClock();
        var now = _clock.Steady;
        var aged = Evict(_dropAged.Bind(1, now - _options.MaxInboxAge).Bind(2, RowsPerSlice));
        SaveMarks();
        var forgotten = _forgetAged.Bind(1, now - _options.MaxCompletedAge).Bind(2, RowsPerSlice).Execute();
        _current.Completed -= forgotten;
        var seen = _forgetSeen.Bind(1, now).Bind(2, RowsPerSlice).Execute();
        var held = _forgetHeld.Bind(1, now).Bind(2, RowsPerSlice).Execute();
        var requests = _forgetRequests.Bind(1, now).Bind(2, RowsPerSlice).Execute();
        return Math.Max(Math.Max(aged, forgotten), Math.Max(Math.Max(seen, held), requests)) == RowsPerSlice
            || (_usage.IsOverPrivate && _usage.NextRead() is not null) || _usage.IsOverBroadcasts || _current.Completed > _options.MaxCompleted;
    }

    /// <summary>Returns some free pages to the file system; true if there are more. Call it outside a transaction.</summary>
    public bool Vacuum()
    {
        if (Statement.Scalar(_database, "PRAGMA freelist_count") <= SparePages)
            return false;
        Statement.Execute(_database, $"PRAGMA incremental_vacuum({PagesPerSlice})");
        return Statement.Scalar(_database, "PRAGMA freelist_count") > SparePages;
    }

    /// <summary>
    /// Copies the log into the database as far as readers allow; true if nothing is left in it. Call it outside a
    /// transaction.
    /// </summary>
    public bool Checkpoint()
    {
        using var checkpoint = new Statement(_database, "PRAGMA wal_checkpoint(PASSIVE)");
        return checkpoint.Step() && checkpoint.Int64(0) == 0 && checkpoint.Int64(1) == checkpoint.Int64(2);
    }

    /// <summary>
    /// Empties the log, unless a reader needs it: an external reader may hold its snapshot for hours, and waiting for it would
    /// block every writer. Call it outside a transaction.
    /// </summary>
    public void TruncateLog()
    {
        raw.sqlite3_busy_timeout(_database, 0);
        try
        {
            Statement.Execute(_database, "PRAGMA wal_checkpoint(TRUNCATE)");
        }
        finally
        {
            raw.sqlite3_busy_timeout(_database, Database.BusyTimeout);
        }
    }

    private void TrimToLimits()
    {
        TrimInbox();
        if (_current.Completed > _options.MaxCompleted)
            _current.Completed -= _forgetOldest.Bind(1, Math.Min(_current.Completed - _options.MaxCompleted, MaxTrimmed)).Execute();
    }
}
