using System.Buffers.Binary;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>Opens a node's database file: inspects it before anything is written, then upgrades it.</summary>
internal static class Database
{
    /// <summary>Name of the database inside the data directory.</summary>
    public const string FileName = "messages.db";

    /// <summary>How long to wait for another program's lock, in milliseconds.</summary>
    public const int BusyTimeout = 5000;

    private const int HeaderSize = 100;

    // Reading every page takes about a second per 500 MiB; damage in a larger file is found when its pages are used.
    private const long MaxFullCheck = 256L * 1024 * 1024;

    private static ReadOnlySpan<byte> Magic => "SQLite format 3\0"u8;

    /// <summary>Refuses a file that this program must not write, without changing it.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>.</exception>
    public static void Inspect(string path)
    {
        try
        {
            if (!InspectHeader(path))
                return; // nothing there yet
            using var connection = Connect(path, SqliteOpenMode.ReadOnly);
            var database = connection.Handle!;
            var application = Statement.Scalar(database, "PRAGMA application_id");
            var version = Statement.Scalar(database, "PRAGMA user_version");
            if (application != Schema.ApplicationId && (application != 0 || version != 0 || Statement.Scalar(database, "SELECT count(*) FROM sqlite_schema") != 0))
                throw Refused(path, "belongs to another program; move it away, or choose another data directory with --data");
            CheckVersion(path, version);
            if (new FileInfo(path).Length <= MaxFullCheck && QuickCheck(database) is { } damage)
                throw Damaged(path, damage);
        }
        catch (SqliteException e)
        {
            throw e.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB ? Damaged(path, e.Message, e) : StorageFailure.Of(e, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refused(path, $"cannot be read ({e.Message.TrimEnd('.')})", e);
        }
    }

    /// <summary>The node whose messages an inspected database holds; null if it does not say, or does not exist.</summary>
    /// <exception cref="SqliteException">The file cannot be read.</exception>
    public static NodeAddress? Owner(string path)
    {
        if (new FileInfo(path) is not { Exists: true, Length: > 0 })
            return null;
        using var connection = Connect(path, SqliteOpenMode.ReadOnly);
        if (Statement.Scalar(connection.Handle!, "SELECT count(*) FROM sqlite_schema WHERE name = 'owner'") == 0)
            return null;
        using var owner = new Statement(connection.Handle!, "SELECT address FROM owner");
        return owner.Step() ? owner.Address(0) : null;
    }

    /// <summary>Refuses a node that would create a new key beside a database that belongs to an old one.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.KeyFile"/>; with <see cref="ErrorCodes.Storage"/> if
    /// the file is not a node's database.</exception>
    public static void RefuseWithoutKey(string keyFile)
    {
        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(keyFile))!, FileName);
        if (File.Exists(keyFile) || new FileInfo(path) is not { Exists: true, Length: > 0 })
            return;
        Inspect(path);
        throw new MesharaException(ErrorCodes.KeyFile,
            $"The key file {keyFile} is gone, but the database {path} belongs to {Owner(path)?.ToString() ?? "the address of that key"}: {WaysOut}");
    }

    /// <summary>The error for a database and a key that do not belong together.</summary>
    public static MesharaException NotTheOwner(string path, NodeAddress owner, NodeAddress key) =>
        new(ErrorCodes.KeyFile, $"The database {path} belongs to {owner}, but the key file to {key}: {WaysOut}");

    private const string WaysOut = "restore that address's identity.key, or move messages.db and its -wal file away to start anew.";

    /// <summary>Opens the only connection that writes, and upgrades the schema to this version.</summary>
    /// <exception cref="SqliteException">The file cannot be written.</exception>
    public static SqliteConnection OpenWriter(string path, StorageDurability durability)
    {
        CreatePrivately(path);
        var connection = Connect(path, SqliteOpenMode.ReadWrite);
        try
        {
            var database = connection.Handle!;
            // Takes effect in a new file only, and must precede the first table.
            Statement.Execute(database, "PRAGMA auto_vacuum = INCREMENTAL");
            BeginLog(database);
            Statement.Execute(database, durability == StorageDurability.Full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
            Statement.Execute(database, "PRAGMA fullfsync = ON"); // macOS: fsync alone does not empty the disk's cache
            Statement.Execute(database, "PRAGMA cache_size = -16384");
            Statement.Execute(database, "PRAGMA temp_store = MEMORY");
            // 16 MiB of log: enough that a frequently changed page is seldom written back, and little enough to recover quickly.
            Statement.Execute(database, "PRAGMA wal_autocheckpoint = 4096");
            Statement.Execute(database, "PRAGMA journal_size_limit = 33554432");
            Schema.Migrate(database);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Opens a connection that only reads; it sees committed data and never waits for the writer.</summary>
    public static SqliteConnection OpenReader(string path)
    {
        var connection = Connect(path, SqliteOpenMode.ReadOnly);
        Statement.Execute(connection.Handle!, "PRAGMA cache_size = -4096");
        return connection;
    }

    /// <summary>The node's clock as it was last saved; null in a database that has not been used.</summary>
    public static ClockState? ReadClock(SqliteConnection connection)
    {
        using var row = new Statement(connection.Handle!, "SELECT steady, wall, ahead, peers FROM clock");
        return row.Step() ? new ClockState(row.Time(0), row.Time(1), TimeSpan.FromTicks(row.Int64(2)), row.Blob(3).ToArray()) : null;
    }

    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        // Pooled connections would outlive the store and keep its locks and files.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        try
        {
            connection.Open();
            raw.sqlite3_busy_timeout(connection.Handle!, BusyTimeout);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Turns on the write-ahead log. It needs shared memory, which some network file systems lack.</summary>
    private static void BeginLog(sqlite3 database)
    {
        using var mode = new Statement(database, "PRAGMA journal_mode = WAL");
        if (mode.Step() && mode.Text(0) is var set and not "wal")
            throw new IOException($"its file system allows no write-ahead log, only '{set}'; put the data directory on a local disk");
    }

    /// <summary>False if there is no database yet. A crash before the first page was written leaves an empty file.</summary>
    private static bool InspectHeader(string path)
    {
        if (!File.Exists(path))
            return false;
        Span<byte> header = stackalloc byte[HeaderSize];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        var length = file.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false);
        if (length == 0)
            return false;
        if (length < HeaderSize || !header.StartsWith(Magic))
            throw Refused(path, "is not a database; restore it from a backup, or move it away to start empty");
        // https://www.sqlite.org/fileformat.html#the_database_header
        if (BinaryPrimitives.ReadInt32BigEndian(header[68..]) == Schema.ApplicationId)
            CheckVersion(path, BinaryPrimitives.ReadInt32BigEndian(header[60..]));
        return true;
    }

    private static string? QuickCheck(sqlite3 database)
    {
        using var check = new Statement(database, "PRAGMA quick_check(1)");
        return check.Step() && check.Text(0) is var result and not "ok" ? result : null;
    }

    private static void CheckVersion(string path, long version)
    {
        if (version > Schema.Version)
            throw Refused(path, $"was written by a newer version of this program (schema {version}, this one knows {Schema.Version}); run that version, or choose another data directory with --data");
    }

    /// <summary>Creates the file for its owner only; SQLite gives the log and its index the mode of the database.</summary>
    private static void CreatePrivately(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        new FileStream(path, options).Dispose();
    }

    private static MesharaException Damaged(string path, string how, Exception? cause = null) =>
        Refused(path, $"is damaged ({Printable.Bounded(how.ReplaceLineEndings(" "), 120)}); restore it from a backup, or move it and its -wal file away to start empty", cause);

    private static MesharaException Refused(string path, string what, Exception? cause = null) => new(ErrorCodes.Storage, $"The database {path} {what}.", cause);
}
