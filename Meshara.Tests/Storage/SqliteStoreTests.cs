using System.Diagnostics;
using Meshara.Node;
using Meshara.Node.Clocks;
using Meshara.Node.Delivery;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;
using Meshara.Node.Storage.Sqlite;
using Meshara.Tests.Api;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Storage;

/// <summary>Guarantees of the store on disk only: restarts, protected files, retention, group commit.</summary>
public sealed class SqliteStoreTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly StoreFolder _folder;

    public SqliteStoreTests() => _folder = new StoreFolder { Time = NodeClock.Of(_time) };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private DateTimeOffset Now => _time.GetUtcNow();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Everything_survives_a_restart()
    {
        OutgoingRecord pending = Samples.Outgoing(Now), finished = Samples.Outgoing(Now);
        var final = Samples.Final(finished, Now);
        var incoming = Samples.Incoming(Now);
        var deleted = Samples.Incoming(Now);
        var held = Samples.Held(Now);
        var peer = Samples.Peer(Now, "a");
        long cursor;
        await using (var store = _folder.Open())
        {
            await store.AppendAsync(finished, Cancel);
            await store.AppendAsync(pending, Cancel);
            await store.DeliverAsync(incoming, Cancel);
            await store.DeliverAsync(deleted, Cancel);
            await store.DeleteAsync(deleted.Id, null, Cancel);
            await store.HoldAsync(held, Cancel);
            await store.SavePeersAsync([peer], Cancel);
            await store.CompleteAsync(final, Cancel);
            cursor = store.LastCursor;
        }
        await using var again = _folder.Open();
        Assert.Equal(Samples.Text(pending), Samples.Text(Assert.Single(await again.LoadPendingAsync(Cancel))));
        Assert.Equal(final, await again.FindCompletedAsync(finished.Id, Cancel));
        Assert.Equal(incoming.Id, Assert.Single(await again.ReadAsync(0, 10, Cancel)).Id);
        Assert.Equal(DeliveryResult.Duplicate, await again.DeliverAsync(incoming, Cancel));
        Assert.Equal(DeliveryResult.Duplicate, await again.DeliverAsync(deleted, Cancel));
        Assert.Equal(HoldResult.Duplicate, await again.HoldAsync(held, Cancel));
        Assert.Equal([peer.Wire], await again.LoadPeersAsync(Cancel));
        // A cursor is never reused, even after its message is gone: a reader that resumes would miss the new one.
        Assert.Equal(cursor, again.LastCursor);
        await again.DeliverAsync(Samples.Incoming(Now), Cancel);
        Assert.Equal(cursor + 1, again.LastCursor);
    }

    [Fact]
    public async Task A_data_directory_belongs_to_one_store_at_a_time()
    {
        await using (_folder.Open())
        {
            var refused = Assert.Throws<MesharaException>(() => _folder.Open());
            Assert.Equal(ErrorCodes.Storage, refused.Code);
            Assert.Contains("in use by another node", refused.Message, StringComparison.Ordinal);
        }
        await _folder.Open().DisposeAsync();
    }

    [Theory]
    [InlineData("not a database", "is not a database")]
    [InlineData("newer", "newer version")]
    [InlineData("foreign", "belongs to another program")]
    [InlineData("torn page", "is damaged")]
    [InlineData("cut short", "is damaged")]
    public async Task A_file_that_is_not_ours_to_write_is_refused_and_left_as_it_was(string kind, string reason)
    {
        await MakeAsync(kind);
        var before = _folder.Hash();
        var refused = Assert.Throws<MesharaException>(() => _folder.Open());
        Assert.Equal(ErrorCodes.Storage, refused.Code);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Contains(_folder.Database, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.Equal(before, _folder.Hash());
        Assert.False(File.Exists(_folder.Database + "-journal"));
    }

    [Fact]
    public async Task The_database_is_its_owners_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        await using var store = _folder.Open();
        await store.DeliverAsync(Samples.Incoming(Now), Cancel);
        foreach (var file in Directory.GetFiles(_folder.Directory))
        {
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public async Task Operations_that_wait_together_share_a_commit()
    {
        const int count = 5_000;
        await using var store = _folder.Open();
        // Started by one caller without waiting, so that operations accumulate while the writer is busy.
        var writes = Enumerable.Range(0, count).Select(_ => store.DeliverAsync(Samples.Incoming(Now), Cancel).AsTask()).ToArray();
        Assert.All(await Task.WhenAll(writes), result => Assert.Equal(DeliveryResult.Delivered, result));
        Assert.InRange(store.Commits, 1, count / 2);
        Assert.Equal(count, store.LastCursor);
    }

    [Fact]
    public async Task An_id_is_forgotten_after_its_message_expired_and_not_before()
    {
        var message = Samples.Incoming(Now, life: TimeSpan.FromHours(2));
        await using (var store = _folder.Open())
            await store.DeliverAsync(message, Cancel);
        _time.Advance(TimeSpan.FromHours(1));
        await using (var store = _folder.Open())
        {
            await MaintainAsync(store, Count("seen", 1));
            Assert.Equal(DeliveryResult.Duplicate, await store.DeliverAsync(message, Cancel));
        }
        _time.Advance(TimeSpan.FromHours(2));
        await using (var store = _folder.Open())
            await MaintainAsync(store, Count("seen", 0));
    }

    [Fact]
    public async Task What_is_past_its_age_leaves_the_file_and_the_file_shrinks()
    {
        await using var store = _folder.Open();
        await Task.WhenAll(Enumerable.Range(0, 600).Select(_ => store.DeliverAsync(Samples.Incoming(Now, size: 20_000), Cancel).AsTask()));
        var finished = Samples.Outgoing(Now);
        await store.CompleteAsync(Samples.Final(finished, Now), Cancel);
        await store.HoldAsync(Samples.Held(Now), Cancel);
        var pages = Read("PRAGMA page_count");
        _time.Advance(_folder.Options.MaxInboxAge + TimeSpan.FromSeconds(1));
        await MaintainAsync(store, () => Read("SELECT count(*) FROM inbox") == 0 && Read("SELECT count(*) FROM completed") == 0
            && Read("SELECT count(*) FROM seen") == 0 && Read("SELECT count(*) FROM relayed") == 0 && Read("PRAGMA page_count") < pages / 2);
        Assert.Equal(DeliveryResult.Delivered, await store.DeliverAsync(Samples.Incoming(Now), Cancel));
    }

    [Fact]
    public async Task A_slow_disk_is_told_and_works_and_a_fast_one_ends_the_complaint()
    {
        await using var store = _folder.Open();
        // Each reading of the clock advances it this far, so every commit seems slow; further readings, of which there may be a
        // few, must not pass the ten seconds for which slowness is remembered.
        _time.AutoAdvanceAmount = _folder.Options.SlowCommit * 1.1;
        var message = Samples.Incoming(_time.GetUtcNow());
        Assert.Equal(DeliveryResult.Delivered, await store.DeliverAsync(message, Cancel));
        Assert.Contains("slow", store.Problem, StringComparison.Ordinal);
        Assert.Equal(StorageState.Slow, store.State);
        Assert.Equal(DeliveryResult.Duplicate, await store.DeliverAsync(message, Cancel));
        _time.AutoAdvanceAmount = TimeSpan.Zero;
        // One fast commit between slow ones does not end the state.
        await StepAsync(store);
        Assert.Equal(StorageState.Slow, store.State);
        await MaintainAsync(store, () => store.Problem is null);
    }

    [Fact]
    public async Task What_a_killed_node_had_accepted_is_there_when_it_starts_again()
    {
        var port = FreePort.Next();
        var accepted = new List<string>();
        using var process = StartNode(_folder.Directory, port);
        try
        {
            using var api = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            await Condition.HoldsAsync(async () => await IsReadyAsync(api));
            Assert.Contains("in use by another node", Assert.Throws<MesharaException>(() => _folder.Open()).Message, StringComparison.Ordinal);
            // No node has this address, so every message stays pending. The process is killed while it accepts messages.
            var senders = Enumerable.Range(0, 4).Select(_ => SendUntilItDiesAsync(api, accepted)).ToArray();
            await Condition.HoldsAsync(() => Task.FromResult(Count(accepted) >= 200));
            process.Kill();
            await Task.WhenAll(senders).WaitAsync(ApiServer.Deadline, Cancel);
            await process.WaitForExitAsync(Cancel).WaitAsync(ApiServer.Deadline, Cancel);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
        await using var store = _folder.Open();
        var pending = (await store.LoadPendingAsync(Cancel)).Select(message => message.Id.ToString()).ToHashSet();
        Assert.Empty(accepted.Except(pending));
    }

    private static Process StartNode(string directory, int port)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [typeof(MesharaException).Assembly.Location, "run", "--name", "killed", "--data", directory, "--mesh", $"127.0.0.1:{FreePort.Next()}",
                "--http", $"127.0.0.1:{port}", "--metrics", $"{port}", "--stop-with-input"])
        {
            RedirectStandardInput = true,
        };
        start.Environment["MESHARA_LOG"] = "warn";
        return Process.Start(start)!;
    }

    private static async Task<bool> IsReadyAsync(HttpClient api)
    {
        try
        {
            using var answer = await api.GetAsync(new Uri("/ready", UriKind.Relative), Cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // it does not listen yet
        }
    }

    private static async Task SendUntilItDiesAsync(HttpClient api, List<string> accepted)
    {
        try
        {
            while (true)
            {
                using var body = new StringContent($$"""{"to":"{{Samples.Friend}}","text":"hello"}""", System.Text.Encoding.UTF8, "application/json");
                using var answer = await api.PostAsync(new Uri("/api/messages", UriKind.Relative), body, Cancel);
                Assert.Equal(System.Net.HttpStatusCode.Accepted, answer.StatusCode);
                var id = System.Text.Json.Nodes.JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!["id"]!.GetValue<string>();
                lock (accepted)
                    accepted.Add(id);
            }
        }
        catch (HttpRequestException)
        {
            // Killed, as intended.
        }
        catch (IOException)
        {
            // Killed in the middle of an answer.
        }
    }

    private static int Count(List<string> accepted)
    {
        lock (accepted)
            return accepted.Count;
    }

    private Func<bool> Count(string table, long expected) => () => Read($"SELECT count(*) FROM {table}") == expected;

    /// <summary>Advances the store's clock until the condition holds; each step allows one piece of maintenance.</summary>
    private async Task MaintainAsync(SqliteMessageStore store, Func<bool> condition)
    {
        for (var step = 0; step < 6; step++)
            await StepAsync(store);
        await Condition.HoldsAsync(async () =>
        {
            await StepAsync(store);
            return condition();
        });
    }

    private async Task StepAsync(SqliteMessageStore store)
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        await store.DeleteAsync(MessageId.Create(Now), null, Cancel); // answered after the step's work was queued
    }

    private long Read(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_folder.Database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        return Statement.Scalar(connection.Handle!, sql);
    }

    private async Task MakeAsync(string kind)
    {
        if (kind == "not a database")
        {
            await File.WriteAllTextAsync(_folder.Database, string.Concat(Enumerable.Repeat("just some text\n", 50)), Cancel);
            return;
        }
        if (kind == "foreign")
        {
            Alter("CREATE TABLE notes (text)");
            return;
        }
        await using (var store = _folder.Open())
        {
            for (var i = 0; i < 100; i++)
                await store.DeliverAsync(Samples.Incoming(Now, size: 5_000), Cancel);
        }
        if (kind == "newer")
        {
            Alter($"PRAGMA user_version = {Schema.Version + 1}");
            return;
        }
        await using var file = new FileStream(_folder.Database, FileMode.Open);
        if (kind == "cut short")
        {
            file.SetLength(file.Length / 2);
            return;
        }
        // From page 2 on: simulates sectors full of noise.
        file.Position = 4096;
        await file.WriteAsync(Enumerable.Repeat((byte)0x5A, 20 * 4096).ToArray(), Cancel);
    }

    private void Alter(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_folder.Database};Pooling=False");
        connection.Open();
        Statement.Execute(connection.Handle!, sql);
    }
}
