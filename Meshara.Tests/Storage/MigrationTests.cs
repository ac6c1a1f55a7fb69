using Meshara.Node.Storage;
using Meshara.Node.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Meshara.Tests.Storage;

/// <summary>Databases created by earlier versions of the program.</summary>
public sealed class MigrationTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_database_of_an_earlier_version_keeps_what_is_in_it(int version)
    {
        var now = DateTimeOffset.UtcNow;
        var (pending, finished, incoming, held) = (Samples.Outgoing(now), Samples.Outgoing(now), Samples.Incoming(now), Samples.Held(now));
        await using (var store = _folder.Open())
        {
            await store.AppendAsync(pending, Cancel);
            await store.CompleteAsync(Samples.Final(finished, now), Cancel);
            await store.DeliverAsync(incoming, Cancel);
            await store.HoldAsync(held, Cancel);
        }
        TakeBackTo(version);

        await using var again = _folder.Open();
        Assert.Equal(Samples.Text(pending), Samples.Text(Assert.Single(await again.LoadPendingAsync(Cancel))));
        Assert.Equal(pending.Expires.ToUnixTimeMilliseconds(), Assert.Single(await again.LoadPendingAsync(Cancel)).Ends.ToUnixTimeMilliseconds());
        Assert.NotNull(await again.FindCompletedAsync(finished.Id, Cancel));
        Assert.Equal(incoming.Id, Assert.Single(await again.ReadAsync(0, 10, Cancel)).Id);
        Assert.Equal(DeliveryResult.Duplicate, await again.DeliverAsync(incoming, Cancel));
        Assert.Single(await again.TakeHeldAsync(held.Recipient, 10, Cancel));
        Assert.Equal(DeliveryResult.Delivered, await again.DeliverAsync(Samples.Incoming(now), Cancel));
    }

    /// <summary>Removes what later versions added.</summary>
    private void TakeBackTo(int version)
    {
        using var connection = new SqliteConnection($"Data Source={_folder.Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            ALTER TABLE inbox DROP COLUMN network;
            DROP TRIGGER relayed_added;
            DROP TRIGGER relayed_removed;
            ALTER TABLE relayed DROP COLUMN network;
            CREATE TRIGGER relayed_added AFTER INSERT ON relayed BEGIN
                INSERT INTO relay_usage VALUES (new.sender, 0, 0) ON CONFLICT DO NOTHING;
                UPDATE relay_usage SET messages = messages + 1, bytes = bytes + new.size WHERE sender IN (new.sender, x'');
            END;
            CREATE TRIGGER relayed_removed AFTER DELETE ON relayed BEGIN
                UPDATE relay_usage SET messages = messages - 1, bytes = bytes - old.size WHERE sender IN (old.sender, x'');
                DELETE FROM relay_usage WHERE sender = old.sender AND messages = 0;
            END;
            PRAGMA user_version = 3;
            """;
        if (version <= 2)
        {
            command.CommandText += """
            ALTER TABLE outbox DROP COLUMN ends;
            ALTER TABLE inbox DROP COLUMN received_wall;
            ALTER TABLE completed DROP COLUMN ended;
            DROP TABLE clock;
            PRAGMA user_version = 2;
            """;
        }
        if (version == 1)
            command.CommandText += "DROP INDEX inbox_broadcasts; DROP TABLE inbox_read; DROP TABLE requests; DROP TABLE owner; PRAGMA user_version = 1;";
        command.ExecuteNonQuery();
    }
}
