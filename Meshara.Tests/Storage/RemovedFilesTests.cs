using System.Diagnostics;
using Meshara.Node;
using Meshara.Node.Storage.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Storage;

/// <summary>Files of an open database are removed, moved or replaced. Only Linux lets a program notice.</summary>
public sealed class RemovedFilesTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly StoreFolder _folder;
    private readonly List<string> _accepted = [];

    public RemovedFilesTests() => _folder = new StoreFolder { Time = _time };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_log_that_is_removed_costs_no_accepted_message()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells which file a name leads to.");
        using var crashed = new StoreFolder { Time = _time };
        await using (var store = _folder.Open())
        {
            await AppendAsync(store);
            File.Delete(_folder.Database + "-wal");
            var refused = await Assert.ThrowsAsync<MesharaException>(() => AppendAsync(store));
            Assert.Contains("removed its write-ahead log", refused.Message, StringComparison.Ordinal);
            await RecoversAsync(store);
            await AppendAsync(store);
            Copy(_folder, crashed);
        }
        await HasAllAsync(_folder);
        await HasAllAsync(crashed);
    }

    [Fact]
    public async Task A_log_that_is_removed_while_nothing_comes_is_noticed_and_made_anew()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells which file a name leads to.");
        using var crashed = new StoreFolder { Time = _time };
        await using var store = _folder.Open();
        await AppendAsync(store);
        File.Delete(_folder.Database + "-wal");
        await Condition.HoldsAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(File.Exists(_folder.Database + "-wal"));
        });
        Copy(_folder, crashed);
        await HasAllAsync(crashed);
    }

    [Fact]
    public async Task A_database_that_is_moved_away_takes_no_message_until_it_is_back()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells which file a name leads to.");
        await using (var store = _folder.Open())
        {
            await AppendAsync(store);
            File.Move(_folder.Database, _folder.Database + ".away");
            var refused = await Assert.ThrowsAsync<MesharaException>(() => AppendAsync(store));
            Assert.Contains("file is gone", refused.Message, StringComparison.Ordinal);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.False(File.Exists(_folder.Database));
            File.Move(_folder.Database + ".away", _folder.Database);
            await RecoversAsync(store);
            await AppendAsync(store);
        }
        await HasAllAsync(_folder);
    }

    [Fact]
    public async Task A_message_is_not_accepted_into_a_database_that_was_replaced()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells which file a name leads to.");
        using var other = new StoreFolder { Time = _time };
        await other.Open().DisposeAsync();
        await using (var store = _folder.Open())
        {
            File.Move(other.Database, _folder.Database, overwrite: true);
            await Assert.ThrowsAsync<MesharaException>(() => AppendAsync(store));
            await RecoversAsync(store);
            await AppendAsync(store);
        }
        await HasAllAsync(_folder);
    }

    private async Task AppendAsync(SqliteMessageStore store)
    {
        var message = Samples.Outgoing(_time.GetUtcNow());
        await store.AppendAsync(message, Cancel);
        _accepted.Add(message.Id.ToString());
    }

    private Task RecoversAsync(SqliteMessageStore store) => Condition.HoldsAsync(() =>
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return Task.FromResult(store.Problem is null);
    });

    private async Task HasAllAsync(StoreFolder folder)
    {
        await using var store = folder.Open();
        Assert.Empty(_accepted.Except((await store.LoadPendingAsync(Cancel)).Select(message => message.Id.ToString())));
    }

    /// <summary>
    /// Copies what a crash would leave at this moment. Uses another process: opening and closing the files in this one would drop
    /// their locks.
    /// </summary>
    private static void Copy(StoreFolder from, StoreFolder to)
    {
        using var copy = Process.Start("cp", [.. Directory.GetFiles(from.Directory, "messages.db*").Where(file => !file.EndsWith("-shm", StringComparison.Ordinal)), to.Directory]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }
}
