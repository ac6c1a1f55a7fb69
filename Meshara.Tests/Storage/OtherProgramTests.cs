using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Meshara.Node.Storage.Sqlite;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Storage;

/// <summary>Another program opens a running node's database, as an operator does with the sqlite3 shell.</summary>
public sealed class OtherProgramTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public Task No_accepted_message_is_lost_after_another_program_held_the_lock() => RunAsync(5, 30);

    [Fact(Explicit = true)]
    public Task No_accepted_message_is_lost_after_another_program_held_the_lock_for_long() => RunAsync(60, 90);

    /// <summary>Runs all cases in parallel, because nearly all of the time is waiting.</summary>
    private static Task RunAsync(params int[] seconds) => Task.WhenAll(
        from held in seconds
        from quitsFirst in new[] { true, false }
        from killed in new[] { true, false }
        select LoseNothingAsync(TimeSpan.FromSeconds(held), quitsFirst, killed));

    private static async Task LoseNothingAsync(TimeSpan held, bool quitsFirst, bool killed)
    {
        await using var node = await SingleNode.StartAsync("locked", [], Cancel);
        var accepted = new List<string> { await AcceptedAsync(node) };
        var other = SqliteShell.Open(Path.Combine(node.Data, Database.FileName));
        try
        {
            await other.ExecuteAsync("BEGIN IMMEDIATE");
            var meanwhile = TryAcceptAsync(node.Client.Http);
            await Task.Delay(held, Cancel); // the test is about the duration of the lock
            await other.ExecuteAsync("ROLLBACK");
            if (await meanwhile is { } late)
                accepted.Add(late);
            await RecoversAsync(node);
            accepted.Add(await AcceptedAsync(node));
            if (quitsFirst)
                await other.DisposeAsync();
            for (var i = 0; i < 5; i++)
                accepted.Add(await AcceptedAsync(node));
            using (var inbox = await node.Client.Http.GetAsync("api/inbox", Cancel))
                Assert.Equal(HttpStatusCode.OK, inbox.StatusCode);
            await (killed ? node.Process.KillAsync(Cancel) : node.Process.StopAsync(Cancel));
        }
        finally
        {
            await other.DisposeAsync();
        }
        using var folder = new StoreFolder();
        await using var store = folder.Open(node.Data);
        var pending = (await store.LoadPendingAsync(Cancel)).Select(message => message.Id.ToString()).ToHashSet();
        Assert.True(pending.IsSupersetOf(accepted),
            $"Held for {held.TotalSeconds} s, quits first: {quitsFirst}, killed: {killed}. {accepted.Count(id => !pending.Contains(id))} of {accepted.Count} are lost.\n{node.Process.Output}");
    }

    private static async Task RecoversAsync(SingleNode node) => await node.Client.UntilAsync("stores again", async () =>
    {
        using var answer = await node.Client.Http.GetAsync("health", Cancel);
        using var health = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel));
        return health.RootElement.GetProperty("checks").GetProperty("storage").GetString() == "Healthy";
    }, Cancel);

    private static async Task<string> AcceptedAsync(SingleNode node) =>
        await TryAcceptAsync(node.Client.Http) ?? throw new InvalidOperationException($"A message was refused:\n{node.Process.Output}");

    /// <summary>The message's id if the node accepted it. No node has the recipient's address, so the message stays pending.</summary>
    internal static async Task<string?> TryAcceptAsync(HttpClient http)
    {
        using var answer = await http.PostAsJsonAsync("api/messages", new { to = Samples.Friend.ToString(), text = "hello" }, Cancel);
        return answer.StatusCode == HttpStatusCode.Accepted
            ? (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("id").GetString()
            : null;
    }
}
