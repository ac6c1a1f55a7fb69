using Microsoft.Data.Sqlite;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>
/// Another program that writes to a node's database as well: it holds the only lock for seconds, again and again. Every commit of the
/// node's waits for it, but none so long that SQLite gives up.
/// </summary>
internal sealed class DatabaseLock : IAsyncDisposable
{
    // Far under the node's patience (5 s), and twice what it calls slow.
    private static readonly TimeSpan Held = TimeSpan.FromSeconds(2);

    // The node looks for the lock every 100 ms at the latest.
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
            // It has written enough.
        }
    }
}
