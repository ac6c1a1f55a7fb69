using SQLitePCL;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>The tables, as steps from one version to the next. A released step never changes.</summary>
internal static class Schema
{
    /// <summary>"MSHR": marks the file as a node's database (https://www.sqlite.org/pragma.html#pragma_application_id).</summary>
    public const int ApplicationId = 0x4D534852;

    // Times are microseconds since the Unix epoch. `size` precedes the blob it measures, so that summing sizes does not read the
    // blobs' overflow pages.
    private static readonly string[] Steps =
    [
        """
        CREATE TABLE outbox (
            seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, recipient BLOB NOT NULL, accepted INTEGER NOT NULL, expires INTEGER NOT NULL,
            size INTEGER NOT NULL, trace BLOB NOT NULL, envelope BLOB, content BLOB);
        CREATE TABLE completed (
            seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, recipient BLOB NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL,
            accepted INTEGER NOT NULL, expires INTEGER NOT NULL, completed INTEGER NOT NULL, reason TEXT);
        CREATE TABLE inbox (
            cursor INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, sender BLOB NOT NULL, broadcast INTEGER NOT NULL,
            sent INTEGER NOT NULL, received INTEGER NOT NULL, size INTEGER NOT NULL, content BLOB NOT NULL);
        CREATE INDEX inbox_id ON inbox (id);
        CREATE TABLE seen (sender BLOB NOT NULL, id BLOB NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (sender, id)) WITHOUT ROWID;
        CREATE INDEX seen_expires ON seen (expires);
        CREATE TABLE relayed (
            seq INTEGER PRIMARY KEY, sender BLOB NOT NULL, id BLOB NOT NULL, recipient BLOB NOT NULL, expires INTEGER NOT NULL,
            size INTEGER NOT NULL, envelope BLOB NOT NULL, UNIQUE (sender, id));
        CREATE INDEX relayed_recipient ON relayed (recipient, seq);
        CREATE INDEX relayed_expires ON relayed (expires);
        -- What each sender has relayed; the empty sender is all of them together. Kept by triggers, so that it is right whoever removes a message.
        CREATE TABLE relay_usage (sender BLOB PRIMARY KEY, messages INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO relay_usage VALUES (x'', 0, 0);
        CREATE TRIGGER relayed_added AFTER INSERT ON relayed BEGIN
            INSERT INTO relay_usage VALUES (new.sender, 0, 0) ON CONFLICT DO NOTHING;
            UPDATE relay_usage SET messages = messages + 1, bytes = bytes + new.size WHERE sender IN (new.sender, x'');
        END;
        CREATE TRIGGER relayed_removed AFTER DELETE ON relayed BEGIN
            UPDATE relay_usage SET messages = messages - 1, bytes = bytes - old.size WHERE sender IN (old.sender, x'');
            DELETE FROM relay_usage WHERE sender = old.sender AND messages = 0;
        END;
        CREATE TABLE peers (position INTEGER PRIMARY KEY, record BLOB NOT NULL);
        -- Rewritten to find out whether a failed disk takes data again.
        CREATE TABLE probe (one INTEGER PRIMARY KEY CHECK (one = 1), data BLOB NOT NULL);
        """,
        """
        -- The oldest broadcast of one sender.
        CREATE INDEX inbox_broadcasts ON inbox (sender, cursor) WHERE broadcast = 1;
        -- Cursors that were given to a reader. What an earlier version kept may go as it might have gone there.
        CREATE TABLE inbox_read (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
        INSERT INTO inbox_read SELECT min(cursor), max(cursor) FROM inbox HAVING count(*) > 0;
        -- What clients named their requests by, kept as long as the message that each became.
        CREATE TABLE requests (key TEXT PRIMARY KEY, fingerprint BLOB NOT NULL, id BLOB NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX requests_expires ON requests (expires);
        -- Whose messages these are.
        CREATE TABLE owner (one INTEGER PRIMARY KEY CHECK (one = 1), address BLOB NOT NULL);
        """,
        // From here on a time of the node's own clock (NodeClock.Steady), which nobody can set, decides when a row ends; wall-clock
        // times are for people. Older rows have one time for both.
        """
        ALTER TABLE outbox ADD COLUMN ends INTEGER;
        ALTER TABLE inbox ADD COLUMN received_wall INTEGER;
        ALTER TABLE completed ADD COLUMN ended INTEGER;
        CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1), steady INTEGER NOT NULL, wall INTEGER NOT NULL, ahead INTEGER NOT NULL, peers BLOB NOT NULL);
        """,
        // The address that a message came from; null for this machine's own and for messages taken by an earlier version.
        // relay_usage counts it like a sender; the length of the key tells them apart.
        """
        ALTER TABLE relayed ADD COLUMN network BLOB;
        ALTER TABLE inbox ADD COLUMN network BLOB;
        DROP TRIGGER relayed_added;
        DROP TRIGGER relayed_removed;
        CREATE TRIGGER relayed_added AFTER INSERT ON relayed BEGIN
            INSERT INTO relay_usage VALUES (new.sender, 0, 0) ON CONFLICT DO NOTHING;
            INSERT INTO relay_usage SELECT new.network, 0, 0 WHERE new.network IS NOT NULL ON CONFLICT DO NOTHING;
            UPDATE relay_usage SET messages = messages + 1, bytes = bytes + new.size WHERE sender IN (new.sender, new.network, x'');
        END;
        CREATE TRIGGER relayed_removed AFTER DELETE ON relayed BEGIN
            UPDATE relay_usage SET messages = messages - 1, bytes = bytes - old.size WHERE sender IN (old.sender, old.network, x'');
            DELETE FROM relay_usage WHERE sender IN (old.sender, old.network) AND messages = 0;
        END;
        """,
    ];

    /// <summary>The schema version that this program writes.</summary>
    public static int Version => Steps.Length;

    /// <summary>Upgrades an inspected database to <see cref="Version"/>, entirely or not at all.</summary>
    public static void Migrate(sqlite3 database)
    {
        var version = (int)Statement.Scalar(database, "PRAGMA user_version");
        if (version == Version)
            return;
        Statement.Execute(database, "BEGIN IMMEDIATE");
        try
        {
            for (; version < Version; version++)
            {
                var code = raw.sqlite3_exec(database, Steps[version]);
                if (code != raw.SQLITE_OK)
                    throw Statement.Failure(database, code);
            }
            Statement.Execute(database, $"PRAGMA application_id = {ApplicationId}");
            Statement.Execute(database, $"PRAGMA user_version = {Version}");
            Statement.Execute(database, "COMMIT");
        }
        catch
        {
            if (raw.sqlite3_get_autocommit(database) == 0)
                raw.sqlite3_exec(database, "ROLLBACK"); // the first failure is the one to report
            throw;
        }
        // Writes the version to the file's header, where another version of the program looks before it opens anything.
        Statement.Execute(database, "PRAGMA wal_checkpoint(TRUNCATE)");
    }
}
