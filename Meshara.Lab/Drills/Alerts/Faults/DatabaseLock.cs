using Microsoft.Data.Sqlite;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>
/// Acts as another program that writes to a node's database: it repeatedly holds the write lock for seconds. Every commit of the node
/// waits for it, but never long enough for SQLite to give up.
/// </summary>
internal sealed class DatabaseLock : IAsyncDisposable
{
    // Well below the node's busy timeout (5 s), and twice the time it considers slow.
    private static readonly TimeSpan Held = TimeSpan.FromSeconds(2);

    // The node retries the lock at least every 100 ms.
    private static readonly TimeSpan Free = TimeSpan.FromMilliseconds(150);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _holding;

    public DatabaseLock(string folder, TimeProvider time) => _holding = HoldAsync(Path.Combine(folder, "messages.db"), time);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _holding;
        _stop.Dispose();
    }

    private async Task HoldAsync(string database, TimeProvider time)
    {
        try
        {
            await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = database, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
            await connection.OpenAsync(_stop.Token);
            while (true)
            {
                await using (var transaction = connection.BeginTransaction(deferred: false))
                    await Task.Delay(Held, time, _stop.Token);
                await Task.Delay(Free, time, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }
}
