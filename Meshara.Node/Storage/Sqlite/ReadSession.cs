using Google.Protobuf;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Microsoft.Data.Sqlite;
using Envelope = Meshara.Node.Protocol.Envelope;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>A connection that reads, with its statements. Used by one reader at a time.</summary>
internal sealed class ReadSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Statement _page, _completed, _held;

    public ReadSession(string path)
    {
        _connection = Database.OpenReader(path);
        try
        {
            var database = _connection.Handle!;
            _page = new Statement(database,
                "SELECT cursor, id, sender, broadcast, sent, coalesce(received_wall, received), content, network FROM inbox "
                + "WHERE cursor > ?1 AND received > ?2 ORDER BY cursor LIMIT ?3");
            _completed = new Statement(database,
                "SELECT recipient, state, attempts, accepted, expires, completed, reason FROM completed "
                + "WHERE id = ?1 AND coalesce(ended, completed) > ?2");
            _held = new Statement(database,
                "SELECT sender, id, envelope, expires FROM relayed WHERE recipient = ?1 AND expires > ?2 ORDER BY seq LIMIT ?3");
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    public List<InboxMessage> Page(long after, DateTimeOffset oldest, int limit)
    {
        var page = new List<InboxMessage>();
        _page.Bind(1, after).Bind(2, oldest).Bind(3, limit);
        while (_page.Step())
        {
            page.Add(new InboxMessage(
                _page.Int64(0), _page.Id(1), _page.Address(2), _page.Int64(3) != 0, _page.Time(4), _page.Time(5), _page.Blob(6).ToArray())
                { Network = _page.Network(7) });
        }
        return page;
    }

    public MessageStatus? Completed(MessageId id, DateTimeOffset oldest)
    {
        if (!_completed.Bind(1, id).Bind(2, oldest).Step())
            return null;
        var status = new MessageStatus(
            id, _completed.Address(0), (MessageState)_completed.Int32(1), _completed.Int32(2), _completed.Time(3), _completed.Time(4), _completed.Time(5), _completed.Text(6));
        _completed.Reset();
        return status;
    }

    /// <summary>
    /// All unfinished messages, oldest first. Calls <paramref name="onDamaged"/> with the id of each that cannot be read,
    /// and leaves it in place.
    /// </summary>
    public List<OutgoingRecord> Pending(Action<string> onDamaged)
    {
        using var rows = new Statement(_connection.Handle!, "SELECT id, recipient, accepted, expires, size, trace, envelope, content, coalesce(ends, expires) FROM outbox ORDER BY seq");
        var pending = new List<OutgoingRecord>();
        while (rows.Step())
        {
            Envelope? envelope = null;
            if (!rows.IsNull(6) && !TryRestore(rows.Blob(6), out envelope))
            {
                onDamaged(rows.Id(0).ToString());
                continue;
            }
            pending.Add(new OutgoingRecord(
                rows.Id(0), rows.Address(1), envelope, rows.Blob(7).ToArray(), rows.Int32(4), rows.Time(2), rows.Time(3),
                TraceContext.Read(ByteString.CopyFrom(rows.Blob(5)))) { Ends = rows.Time(8) });
        }
        return pending;
    }

    public List<HeldMessage> Held(NodeAddress recipient, DateTimeOffset now, int limit)
    {
        var held = new List<HeldMessage>();
        _held.Bind(1, recipient).Bind(2, now).Bind(3, limit);
        while (_held.Step())
            held.Add(new HeldMessage(recipient, _held.Address(0), _held.Id(1), _held.Blob(2).ToArray(), _held.Time(3)));
        return held;
    }

    public List<Protocol.Wire.PeerRecord> Peers()
    {
        using var rows = new Statement(_connection.Handle!, "SELECT record FROM peers ORDER BY position");
        var peers = new List<Protocol.Wire.PeerRecord>();
        while (rows.Step())
        {
            try
            {
                peers.Add(Protocol.Wire.PeerRecord.Parser.ParseFrom(rows.Blob(0)));
            }
            catch (InvalidProtocolBufferException)
            {
                // A damaged hint is useless; the other peers and the bootstrap remain.
            }
        }
        return peers;
    }

    public void Dispose()
    {
        _page.Dispose();
        _completed.Dispose();
        _held.Dispose();
        _connection.Dispose();
    }

    private static bool TryRestore(ReadOnlySpan<byte> bytes, out Envelope? envelope)
    {
        envelope = null;
        try
        {
            return Envelope.TryRestore(Protocol.Wire.Envelope.Parser.ParseFrom(bytes), out envelope!);
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }
}
