using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Meshara.Node.Clocks;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>
/// Keeps messages in an SQLite database in the data directory. One thread writes, with group commit; reads run beside it
/// (write-ahead log). A data directory belongs to one store at a time.
/// </summary>
internal sealed partial class SqliteMessageStore : IMessageStore, IRelayStore, IPeerCache, IAsyncDisposable, IDisposable
{
    private const int FollowPage = 500;
    private const int RowOverhead = 256;

    private readonly StorageOptions _options;
    private readonly NodeClock _clock;
    private readonly ILogger _logger;
    private readonly TimeSpan _maxTimeToLive;
    private readonly string _directory, _path;
    private readonly NodeAddress? _owner;
    private readonly ReaderPool _readers;
    private readonly GroupCommitWriter _writer;
    private readonly ConcurrentDictionary<MessageId, MessageStatus> _unwritten = new();
    private readonly InboxUsage _usage;
    private DirectoryLock? _lock;
    private int _disposed;

    /// <summary>Opens the store in the data directory, or creates it there.</summary>
    /// <param name="owner">The node that the messages belong to; null skips the check.</param>
    /// <exception cref="MesharaException">
    /// With <see cref="ErrorCodes.Storage"/>: the database is in use by another process, not writable, damaged, of a newer
    /// version, or not a node's at all; with <see cref="ErrorCodes.KeyFile"/>: it is another node's. A refused file is unchanged.
    /// </exception>
    public SqliteMessageStore(
        IOptions<NodeOptions> node, IOptions<StorageOptions> storage, IOptions<DeliveryOptions> delivery, TimeProvider time, ILogger<SqliteMessageStore> logger,
        NodeIdentity? owner = null)
    {
        _owner = owner?.Address;
        _options = storage.Value;
        _clock = NodeClock.Of(time);
        _logger = logger;
        _maxTimeToLive = delivery.Value.MaxTimeToLive;
        _directory = Path.GetFullPath(node.Value.DataDirectory);
        _path = Path.Combine(_directory, Database.FileName);
        _readers = new ReaderPool(_path);
        _usage = new InboxUsage(_options);
        try
        {
            _writer = new GroupCommitWriter(_path, Open, _options, time, logger);
        }
        catch (Exception e)
        {
            _lock?.Dispose();
            if (StorageFailure.ConcernsAll(e) || e is SqliteException)
                throw StorageFailure.Of(e, _path);
            throw;
        }
    }

    public string? Problem => _writer.Problem;

    public StorageState State => _writer.State;

    public InboxEvictions Evictions => _usage.Evictions;

    public long LastCursor => _writer.LastCursor;

    /// <summary>Number of transactions committed; under load fewer than the operations.</summary>
    public long Commits => _writer.Commits;

    public async ValueTask<IReadOnlyList<OutgoingRecord>> LoadPendingAsync(CancellationToken cancellationToken) =>
        await _readers.ReadAsync(this, static (session, store) => session.Pending(id => Log.Damaged(store._logger, id)), cancellationToken);

    public ValueTask AppendAsync(OutgoingRecord message, CancellationToken cancellationToken) =>
        _writer.ExecuteAsync(message, Weight(message), static (session, message) => session.Append(message), cancellationToken);

    public ValueTask<RequestRecord?> AppendOnceAsync(RequestRecord request, OutgoingRecord? message, CancellationToken cancellationToken) =>
        _writer.WriteAsync(
            (request, message), RowOverhead + (message is null ? 0 : Weight(message)),
            static (session, once) => session.AppendOnce(once.request, once.message), cancellationToken);

    public ValueTask SealAsync(OutgoingRecord message, CancellationToken cancellationToken) =>
        _writer.ExecuteAsync(message, Weight(message), static (session, message) => session.Seal(message), cancellationToken);

    public async ValueTask CompleteAsync(MessageStatus final, CancellationToken cancellationToken)
    {
        // From now on it is found here, so that no lookup in the meantime misses the message.
        _unwritten[final.Id] = final;
        try
        {
            await _writer.NoteAsync(new OwedOperation(final, _unwritten), cancellationToken);
        }
        catch
        {
            _unwritten.TryRemove(final.Id, out _);
            throw;
        }
    }

    public async ValueTask<MessageStatus?> FindCompletedAsync(MessageId id, CancellationToken cancellationToken) =>
        _unwritten.TryGetValue(id, out var status)
            ? status
            : await _readers.ReadAsync((id, _clock.Steady - _options.MaxCompletedAge), static (session, query) => session.Completed(query.id, query.Item2), cancellationToken);

    public ValueTask<DeliveryResult> DeliverAsync(IncomingMessage message, CancellationToken cancellationToken) =>
        _writer.WriteAsync(message, message.Content.Length + RowOverhead, static (session, message) => session.Deliver(message), cancellationToken);

    public async ValueTask<IReadOnlyList<InboxMessage>> ReadAsync(long after, int limit, CancellationToken cancellationToken)
    {
        var page = await PageAsync(after, limit, cancellationToken);
        if (page.Count > 0)
            _usage.MarkRead(page[0].Cursor, CollectionsMarshal.AsSpan(page));
        return page;
    }

    public ValueTask<DeleteResult> DeleteAsync(MessageId id, NodeAddress? sender, CancellationToken cancellationToken) =>
        _writer.WriteAsync((id, sender), RowOverhead, static (session, message) => session.Delete(message.id, message.sender), cancellationToken);

    public async IAsyncEnumerable<InboxMessage> FollowAsync(long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long first = 0;
        while (true)
        {
            // Taken before reading, so that an arrival in between is not missed.
            var next = _writer.Arrived.Next;
            var page = await PageAsync(after, FollowPage, cancellationToken);
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

    public ValueTask<HoldResult> HoldAsync(HeldMessage message, CancellationToken cancellationToken) =>
        _writer.WriteAsync(message, message.Envelope.Length + RowOverhead, static (session, message) => session.Hold(message), cancellationToken);

    public async ValueTask<IReadOnlyList<HeldMessage>> TakeHeldAsync(NodeAddress recipient, int limit, CancellationToken cancellationToken) =>
        await _readers.ReadAsync(
            (recipient, limit, Now: _clock.Steady), static (session, query) => session.Held(query.recipient, query.Now, query.limit), cancellationToken);

    public ValueTask ReleaseAsync(IReadOnlyCollection<(NodeAddress Sender, MessageId Id)> messages, CancellationToken cancellationToken) =>
        _writer.ExecuteAsync(messages, messages.Count * RowOverhead, static (session, messages) => session.Release(messages), cancellationToken);

    public ValueTask SavePeersAsync(IReadOnlyCollection<PeerRecord> peers, CancellationToken cancellationToken) =>
        _writer.ExecuteAsync(peers, peers.Count * RowOverhead, static (session, peers) => session.SavePeers(peers), cancellationToken);

    public async ValueTask<IReadOnlyList<Protocol.Wire.PeerRecord>> LoadPeersAsync(CancellationToken cancellationToken) =>
        await _readers.ReadAsync(0, static (session, _) => session.Peers(), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        // Close the writer last: closing the last connection moves the log into the database, so that the next start need
        // not recover.
        await _readers.CloseAsync();
        await _writer.DisposeAsync();
        _readers.Dispose();
        _lock?.Dispose();
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>
    /// Opens the database at the start, and again after the disk has failed: the volume may have been remounted, and then the lock
    /// and every open connection belong to the old one. No connection may be open while the file is inspected: closing any other
    /// handle of a live database drops this process's locks on it (https://www.sqlite.org/howtocorrupt.html, 2.2).
    /// </summary>
    private WriteSession Open()
    {
        _readers.Suspend();
        try
        {
            _lock?.Dispose();
            _lock = null;
            _lock = DirectoryLock.Take(_directory);
            Database.Inspect(_path);
            if (_owner is { } mine && Database.Owner(_path) is { } other && other != mine)
                throw Database.NotTheOwner(_path, other, mine);
            var connection = Database.OpenWriter(_path, _options.Durability);
            _clock.Restore(Database.ReadClock(connection));
            var session = new WriteSession(connection, _usage, _options, _maxTimeToLive, _clock);
            try
            {
                if (_owner is { } owner)
                    session.Claim(owner);
                return session;
            }
            catch
            {
                session.Abandon(); // a connection left open would hinder the next attempt
                throw;
            }
        }
        finally
        {
            _readers.Resume();
        }
    }

    private ValueTask<List<InboxMessage>> PageAsync(long after, int limit, CancellationToken cancellationToken) => _readers.ReadAsync(
        (after, limit, Oldest: _clock.Steady - _options.MaxInboxAge),
        static (session, query) => session.Page(query.after, query.Oldest, query.limit), cancellationToken);

    private static int Weight(OutgoingRecord message) => message.ContentLength + 2 * RowOverhead;

    private static partial class Log
    {
        [LoggerMessage(EventName = "OutboxEntryDamaged", Level = LogLevel.Error, Message = "A stored outgoing message cannot be read and is not sent")]
        public static partial void Damaged(ILogger logger, string messageId);
    }
}
