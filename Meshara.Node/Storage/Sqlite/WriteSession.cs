using Meshara.Node.Clocks;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>
/// The connection that writes, with its statements and the figures that a transaction changes. Used by the writer's thread
/// only.
/// </summary>
internal sealed partial class WriteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly sqlite3 _database;
    private readonly StorageOptions _options;
    private readonly TimeSpan _maxTimeToLive;
    private readonly NodeClock _clock;
    private readonly List<Statement> _statements = [];
    private readonly Statement _begin, _commit, _rollback;
    private readonly Statement _append, _seal, _finish, _complete;
    private readonly Statement _see, _isSeen, _deliver, _delete, _sendersOf;
    private readonly InboxUsage _usage;
    private Figures _committed, _current;

    public WriteSession(SqliteConnection connection, InboxUsage usage, StorageOptions options, TimeSpan maxTimeToLive, NodeClock clock)
    {
        _usage = usage;
        _connection = connection;
        _database = connection.Handle!;
        _options = options;
        _maxTimeToLive = maxTimeToLive;
        _clock = clock;
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
        _rollback = Prepare("ROLLBACK");
        _append = Prepare("""
            INSERT INTO outbox (id, recipient, accepted, expires, size, trace, envelope, content, ends) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT (id) DO UPDATE SET envelope = excluded.envelope, content = excluded.content
            """);
        _seal = Prepare("UPDATE outbox SET envelope = ?2, content = NULL WHERE id = ?1");
        _finish = Prepare("DELETE FROM outbox WHERE id = ?1");
        _complete = Prepare("""
            INSERT INTO completed (id, recipient, state, attempts, accepted, expires, completed, reason, ended) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT DO NOTHING
            """);
        _see = Prepare("INSERT INTO seen (sender, id, expires) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING");
        _isSeen = Prepare("SELECT 1 FROM seen WHERE sender = ?1 AND id = ?2");
        _deliver = Prepare("INSERT INTO inbox (cursor, id, sender, broadcast, sent, received, size, content, received_wall, network) "
            + "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
        _delete = Prepare($"DELETE FROM inbox WHERE id = ?1 AND sender = ?2 {Removed}");
        _sendersOf = Prepare("SELECT sender FROM inbox WHERE id = ?1 LIMIT 2");
        PrepareRelay();
        PrepareRetention();
        PrepareInbox();
        PrepareRequests();
        try
        {
            _committed = _current = new Figures(
                Statement.Scalar(_database, "SELECT seq FROM sqlite_sequence WHERE name = 'inbox'"),
                Statement.Scalar(_database, "SELECT count(*) FROM completed"));
            LoadUsage();
        }
        catch
        {
            Dispose(); // a connection left open would hinder the next attempt
            throw;
        }
    }

    /// <summary>The newest cursor that is committed.</summary>
    public long LastCursor => _committed.LastCursor;

    /// <summary>Number of rows changed since the connection was opened; a statement that changes none leaves it as it is.</summary>
    public int Changes => raw.sqlite3_total_changes(_database);

    public void Begin()
    {
        if (_isUsageStale)
            LoadUsage();
        _begin.Execute();
    }

    /// <summary>Removes what exceeds the limits, then commits.</summary>
    public void Commit()
    {
        TrimToLimits();
        _commit.Execute();
        _committed = _current;
        _usageChanged = false;
        if (_evicted == default)
            return;
        _usage.Evicted(_evicted);
        _evicted = default;
    }

    /// <summary>Rolls back everything since <see cref="Begin"/>, unless the database has already done so.</summary>
    public void Rollback()
    {
        _current = _committed;
        _isUsageStale |= _usageChanged;
        _usageChanged = false;
        _evicted = default;
        foreach (var statement in _statements)
            statement.Reset();
        if (raw.sqlite3_get_autocommit(_database) == 0)
            _rollback.Execute();
    }

    public bool Append(OutgoingRecord message)
    {
        _append.Bind(1, message.Id).Bind(2, message.Recipient).Bind(3, message.AcceptedAt).Bind(4, message.Expires)
            .Bind(5, message.ContentLength).Bind(6, TraceContext.Write(message.Trace).Span).Bind(7, message.Sealed?.Wire).Bind(8, message.Content.Span)
            .Bind(9, message.Ends).Execute();
        return true;
    }

    public bool Seal(OutgoingRecord message) => _seal.Bind(1, message.Id).Bind(2, message.Sealed?.Wire).Execute() > 0;

    public void Complete(MessageStatus final)
    {
        _finish.Bind(1, final.Id).Execute();
        // A repeated final state counts once.
        _current.Completed += _complete.Bind(1, final.Id).Bind(2, final.Recipient).Bind(3, (long)final.State).Bind(4, final.Attempts)
            .Bind(5, final.AcceptedAt).Bind(6, final.ExpiresAt).Bind(7, final.CompletedAt ?? _clock.GetUtcNow()).Bind(8, final.Reason).Bind(9, _clock.Steady).Execute();
    }

    public DeliveryResult Deliver(IncomingMessage message)
    {
        if (!message.IsBroadcast && !_usage.HasRoom(message))
            return Exists(_isSeen.Bind(1, message.Sender).Bind(2, message.Id)) ? DeliveryResult.Duplicate : DeliveryResult.Full;
        var now = _clock.Steady;
        // The caller must not be able to keep the id here forever.
        var longest = now + Lives.Memory(_maxTimeToLive);
        if (_see.Bind(1, message.Sender).Bind(2, message.Id).Bind(3, message.Expires < longest ? message.Expires : longest).Execute() == 0)
            return DeliveryResult.Duplicate;
        _deliver.Bind(1, _current.LastCursor + 1).Bind(2, message.Id).Bind(3, message.Sender).Bind(4, message.IsBroadcast ? 1 : 0)
            .Bind(5, message.SentAt).Bind(6, now).Bind(7, message.Content.Length).Bind(8, message.Content.Span).Bind(9, message.ReceivedAt)
            .Bind(10, message.Network).Execute();
        _current.LastCursor++;
        _usageChanged = true;
        _usage.Add(message.Sender, message.Network, message.IsBroadcast, message.Content.Length);
        if (message.IsBroadcast)
            TrimBroadcastsOf(message.Sender);
        return DeliveryResult.Delivered;
    }

    public DeleteResult Delete(MessageId id, NodeAddress? sender)
    {
        if (sender is null)
        {
            if (!_sendersOf.Bind(1, id).Step())
                return DeleteResult.NotFound;
            sender = _sendersOf.Address(0);
            var isShared = _sendersOf.Step();
            _sendersOf.Reset();
            if (isShared)
                return DeleteResult.Ambiguous;
        }
        return Remove(_delete.Bind(1, id).Bind(2, sender.Value)) > 0 ? DeleteResult.Deleted : DeleteResult.NotFound;
    }

    /// <summary>
    /// Closes without a checkpoint. When the last connection closes, SQLite removes the log at the database's path; after a
    /// failure that may be another log, or the only copy of what was committed.
    /// </summary>
    public void Abandon()
    {
        const int noCheckpointOnClose = 1006; // SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE
        raw.sqlite3_db_config(_database, noCheckpointOnClose, 1, out _);
        Dispose();
    }

    public void Dispose()
    {
        foreach (var statement in _statements)
            statement.Dispose();
        _connection.Dispose();
    }

    private Statement Prepare(string sql)
    {
        var statement = new Statement(_database, sql);
        _statements.Add(statement);
        return statement;
    }

    private record struct Figures(long LastCursor, long Completed);
}
