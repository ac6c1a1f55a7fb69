using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>Explains the database's error codes to an operator.</summary>
internal static class StorageFailure
{
    /// <summary>True if the disk or the file is at fault, so that every other operation would fail too.</summary>
    public static bool ConcernsAll(Exception failure) => failure is IOException or UnauthorizedAccessException or SqliteException
    {
        SqliteErrorCode: raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_CORRUPT
            or raw.SQLITE_NOTADB or raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_PERM or raw.SQLITE_NOMEM or raw.SQLITE_PROTOCOL
    };

    /// <summary>Says in one sentence what is wrong and what to do.</summary>
    public static string Describe(Exception failure, string path) => failure is not SqliteException sqlite
        ? $"The message store {path} failed: {failure.Message.TrimEnd('.')}."
        : sqlite.SqliteErrorCode switch
        {
            raw.SQLITE_FULL => $"The disk of {path} is full; free some space.",
            raw.SQLITE_READONLY => $"The database {path} cannot be written: the disk or the file is read-only; make it writable.",
            raw.SQLITE_CANTOPEN or raw.SQLITE_PERM => $"The database {path} cannot be opened; check the disk and the permissions of its folder.",
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => $"The database {path} is damaged; stop the node and restore it from a backup, or move it away to start empty.",
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_PROTOCOL => $"The database {path} is locked by another program; close that.",
            raw.SQLITE_IOERR => $"The disk of {path} does not read or write ({sqlite.Message}): it is broken, gone, or turned read-only after an error; check it and mount it again.",
            _ => $"The message store {path} failed: {sqlite.Message}.",
        };

    public static MesharaException Of(Exception failure, string path) => new(ErrorCodes.Storage, Describe(failure, path), failure);
}
