namespace Meshara.Node.Storage.Sqlite;

/// <summary>
/// The database and its log as they were opened. What is committed after one of them was removed or replaced is nowhere to be found at
/// the next start, although SQLite reports success.
/// </summary>
internal sealed class OpenedFiles(string path)
{
    private readonly byte[] _database = FileIdentity.Prepare(path), _log = FileIdentity.Prepare(path + "-wal");
    private FileIdentity? _openedDatabase, _openedLog;

    /// <summary>Takes what the names lead to now for what is open.</summary>
    public void Note() => (_openedDatabase, _openedLog) = (FileIdentity.Of(_database), FileIdentity.Of(_log));

    /// <summary>What has become of the files since.</summary>
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

    /// <exception cref="IOException">The open files are no longer those that have the names.</exception>
    public void Check()
    {
        if (Change() is not FileChange.None and var change)
            throw new IOException(Describe(change));
    }

    /// <summary>What it means to an operator.</summary>
    public static string Describe(FileChange change) => change switch
    {
        FileChange.DatabaseGone => "the database file is gone; bring it back or restart the node",
        FileChange.LogReplaced => "another program has replaced its write-ahead log; close that program and restart the node",
        FileChange.LogGone => "another program has removed its write-ahead log",
        _ => "the database file is not the one that was opened",
    };
}

/// <summary>What has become of an open database.</summary>
internal enum FileChange
{
    /// <summary>The names lead to the files that are open.</summary>
    None,

    /// <summary>The database has no file any more.</summary>
    DatabaseGone,

    /// <summary>The name leads to another file: another volume, or one that was put in its place.</summary>
    DatabaseReplaced,

    /// <summary>The log has no file any more; the open one holds what is not yet in the database.</summary>
    LogGone,

    /// <summary>Another program has begun a log of its own.</summary>
    LogReplaced,
}
