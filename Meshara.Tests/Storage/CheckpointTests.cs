using Meshara.Tests.Api;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Storage;

/// <summary>An external reader, such as a backup, that keeps a snapshot of the database open for a long time.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly StoreFolder _folder;

    public CheckpointTests() => _folder = new StoreFolder { Time = _time };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_long_reader_does_not_hold_up_the_writer_and_the_log_shrinks_when_it_leaves()
    {
        const long large = 64L * 1024 * 1024;
        _folder.Options.MaxInboxBytes = _folder.Options.MaxInboxBytesPerSender = 2 * large;
        await using var store = _folder.Open();
        await store.DeliverAsync(Samples.Incoming(_time.GetUtcNow()), Cancel);
        using (var reader = new SqliteConnection($"Data Source={_folder.Database};Mode=ReadOnly;Pooling=False"))
        {
            reader.Open();
            using var snapshot = reader.BeginTransaction(deferred: true);
            using var look = reader.CreateCommand();
            look.CommandText = "SELECT count(*) FROM inbox";
            Assert.Equal(1L, look.ExecuteScalar());
            while (LogSize() <= large)
                await store.DeliverAsync(Samples.Incoming(_time.GetUtcNow(), size: 1024 * 1024), Cancel);
            // Each round triggers maintenance, which would truncate the log; SQLite waits five seconds for the reader.
            await MaintainAsync(10).WaitAsync(ApiServer.Deadline, Cancel);
            Assert.True(LogSize() > large);
        }
        await Condition.HoldsAsync(async () =>
        {
            await MaintainAsync(1);
            return LogSize() < large;
        });

        async Task MaintainAsync(int rounds)
        {
            for (var step = 0; step < rounds * 6; step++)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                await store.DeliverAsync(Samples.Incoming(_time.GetUtcNow()), Cancel);
            }
        }
    }

    private long LogSize() => new FileInfo(_folder.Database + "-wal").Length;
}
