using System.Net;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>
/// A prepared statement. It uses SQLite's own interface instead of ADO.NET: parameters and columns are spans, so that an
/// operation on the hot path allocates nothing. Used by one thread at a time, like its connection.
/// </summary>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _handle;
    private byte[] _scratch = [];

    public Statement(sqlite3 database, string sql)
    {
        _database = database;
        Check(raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out _handle));
    }

    /// <exception cref="SqliteException">The statement failed, as for every member that runs SQL.</exception>
    public static void Execute(sqlite3 database, string sql)
    {
        using var statement = new Statement(database, sql);
        statement.Execute();
    }

    public static long Scalar(sqlite3 database, string sql)
    {
        using var statement = new Statement(database, sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }

    public Statement Bind(int parameter, long value)
    {
        Check(raw.sqlite3_bind_int64(_handle, parameter, value));
        return this;
    }

    public Statement Bind(int parameter, DateTimeOffset value) => Bind(parameter, value.ToMicroseconds());

    public Statement Bind(int parameter, ReadOnlySpan<byte> value)
    {
        // An empty span has no address, and SQLite would take that for null.
        Check(value.IsEmpty ? raw.sqlite3_bind_zeroblob(_handle, parameter, 0) : raw.sqlite3_bind_blob(_handle, parameter, value));
        return this;
    }

    public Statement Bind(int parameter, string? value)
    {
        Check(value is null ? raw.sqlite3_bind_null(_handle, parameter) : raw.sqlite3_bind_text(_handle, parameter, value));
        return this;
    }

    public Statement Bind(int parameter, MessageId value)
    {
        Span<byte> bytes = stackalloc byte[MessageId.Size];
        value.CopyTo(bytes);
        return Bind(parameter, bytes);
    }

    public Statement Bind(int parameter, NodeAddress value)
    {
        Span<byte> bytes = stackalloc byte[NodeAddress.Size];
        value.CopyTo(bytes);
        return Bind(parameter, bytes);
    }

    public Statement Bind(int parameter, IPAddress? value)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (value is not null && value.TryWriteBytes(bytes, out var length))
            return Bind(parameter, bytes[..length]);
        Check(raw.sqlite3_bind_null(_handle, parameter));
        return this;
    }

    /// <summary>Binds the encoded message, or null.</summary>
    public Statement Bind(int parameter, IMessage? value)
    {
        if (value is null)
        {
            Check(raw.sqlite3_bind_null(_handle, parameter));
            return this;
        }
        var size = value.CalculateSize();
        if (_scratch.Length < size)
            _scratch = GC.AllocateUninitializedArray<byte>(size);
        value.WriteTo(_scratch.AsSpan(0, size));
        return Bind(parameter, _scratch.AsSpan(0, size));
    }

    /// <summary>Moves to the next row; if there is none, resets the statement and returns false.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(_handle);
        if (code == raw.SQLITE_ROW)
            return true;
        if (code != raw.SQLITE_DONE)
        {
            var failure = Failure(_database, code);
            Reset();
            throw failure;
        }
        Reset();
        return false;
    }

    /// <summary>Runs the statement to its end; returns the number of rows it changed.</summary>
    public int Execute()
    {
        while (Step())
        {
            // A pragma may return rows that are not needed.
        }
        return raw.sqlite3_changes(_database);
    }

    /// <summary>Discards the rows not yet read.</summary>
    public void Reset() => raw.sqlite3_reset(_handle); // its result repeats the failure of the last step, which was reported then

    public bool IsNull(int column) => raw.sqlite3_column_type(_handle, column) == raw.SQLITE_NULL;

    public long Int64(int column) => raw.sqlite3_column_int64(_handle, column);

    public int Int32(int column) => raw.sqlite3_column_int(_handle, column);

    /// <summary>Valid until the next step.</summary>
    public ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(_handle, column);

    public string? Text(int column) => IsNull(column) ? null : raw.sqlite3_column_text(_handle, column).utf8_to_string();

    public DateTimeOffset Time(int column) => MicrosecondTime.TryFromMicroseconds(Int64(column), out var time) ? time : DateTimeOffset.UnixEpoch;

    /// <exception cref="SqliteException">The value is not an id; the same holds for the other lengths below.</exception>
    public MessageId Id(int column) => Blob(column) is var id && id.Length == MessageId.Size ? new MessageId(id) : throw Damaged(id.Length);

    public NodeAddress Address(int column) =>
        Blob(column) is var address && address.Length == NodeAddress.Size ? new NodeAddress(address) : throw Damaged(address.Length);

    public IPAddress? Network(int column)
    {
        if (IsNull(column))
            return null;
        var address = Blob(column);
        return address.Length is 4 or 16 ? new IPAddress(address) : throw Damaged(address.Length);
    }

    public void Dispose() => _handle.Dispose();

    public static SqliteException Failure(sqlite3 database, int code) =>
        new($"{raw.sqlite3_errmsg(database).utf8_to_string()} (SQLite {code})", code & 0xff, raw.sqlite3_extended_errcode(database));

    // What SQLite can read, and no node wrote: a disk that changes bytes, or another program.
    private static SqliteException Damaged(int length) => new($"a value has {length} bytes, which no node wrote", raw.SQLITE_CORRUPT);

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
            throw Failure(_database, code);
    }
}
