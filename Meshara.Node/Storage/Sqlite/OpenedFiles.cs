namespace Meshara.Node.Storage.Sqlite;

/// <summary>
/// The identities of the database and its log when they were opened. After one of them is removed or replaced, SQLite still
/// reports success, but what it commits cannot be found at the next start.
/// </summary>
internal sealed class OpenedFiles(string path)
{
    private readonly byte[] _database = FileIdentity.Prepare(path), _log = FileIdentity.Prepare(path + "-wal");
    private FileIdentity? _openedDatabase, _openedLog;

    /// <summary>Records the files now at the paths as the open ones.</summary>
    public void Note() => (_openedDatabase, _openedLog) = (FileIdentity.Of(_database), FileIdentity.Of(_log));

    /// <summary>What has happened to the files since.</summary>
    public FileChange Change()
    {
        var database = FileIdentity.Of(_database);
        if (database is null)
            return FileChange.DatabaseGone;
        if (database != _openedDatabase)
            return FileChange.DatabaseReplaced;
        var log = FileIdentity.Of(_log);
        return log == _openedLog ? FileChange.None : log is null ? FileChange.LogGone : FileChange.LogReplaced;
    }

    /// <exception cref="IOException">The files at the paths are no longer the open ones.</exception>
    public void Check()
    {
        if (Change() is not FileChange.None and var change)
            throw new IOException(Describe(change));
    }

    /// <summary>Describes a change to an operator.</summary>
    public static string Describe(FileChange change) => change switch
    {
        FileChange.DatabaseGone => "the database file is gone; bring it back or restart the node",
        FileChange.LogReplaced => "another program has replaced its write-ahead log; close that program and restart the node",
        FileChange.LogGone => "another program has removed its write-ahead log",
        _ => "the database file is not the one that was opened",
    };
}

/// <summary>What has happened to the files of an open database.</summary>
internal enum FileChange
{
    /// <summary>The paths lead to the open files.</summary>
    None,

    /// <summary>There is no database at its path any more.</summary>
    DatabaseGone,

    /// <summary>The database's path leads to another file: on another volume, or put in its place.</summary>
    DatabaseReplaced,

    /// <summary>There is no log at its path any more; the open one holds what is not yet in the database.</summary>
    LogGone,

    /// <summary>Another program has begun a log of its own.</summary>
    LogReplaced,
}
