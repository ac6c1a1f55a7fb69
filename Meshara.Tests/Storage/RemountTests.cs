using System.Text.Json;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Storage;

/// <summary>The volume of a running node's database turns read-only and is remounted.</summary>
public sealed class RemountTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_accepted_message_is_lost_when_the_volume_is_mounted_anew(bool killed)
    {
        using var volume = BlockVolume.Mount(mebibytes: 64);
        var data = Path.Combine(volume.Path, "data");
        var port = Api.FreePort.Next();
        var start = HostProgram.Start(HostProgram.Node, "run", "--data", data, "--mesh", "127.0.0.1:0", "--http", $"127.0.0.1:{port}", "--metrics", $"{port}", "--stop-with-input");
        start.Environment["Storage__Durability"] = "full"; // not only the node fails, but also the file system
        var accepted = new List<string>();
        await using (var program = new RunningProgram(start))
        {
            using var client = new NodeClient(new NodeEndpoint("remounted", "", "", $"http://127.0.0.1:{port}", "", program.Id));
            await IsAsync(client, "Healthy");
            accepted.Add(await AcceptedAsync(client, program));
            volume.TurnReadOnly();
            Assert.Null(await OtherProgramTests.TryAcceptAsync(client.Http));
            await IsAsync(client, "Unhealthy");
            volume.MountAnew();
            await IsAsync(client, "Healthy");
            for (var i = 0; i < 5; i++)
                accepted.Add(await AcceptedAsync(client, program));
            await (killed ? program.KillAsync(Cancel) : program.StopAsync(Cancel));
        }
        using var folder = new StoreFolder();
        await using var store = folder.Open(data);
        Assert.Subset((await store.LoadPendingAsync(Cancel)).Select(message => message.Id.ToString()).ToHashSet(), accepted.ToHashSet());
    }

    private static async Task<string> AcceptedAsync(NodeClient client, RunningProgram program) =>
        await OtherProgramTests.TryAcceptAsync(client.Http) ?? throw new InvalidOperationException($"A message was refused:\n{program.Output}");

    private static Task IsAsync(NodeClient client, string storage) => client.UntilAsync($"has storage that is {storage}", async () =>
    {
        using var answer = await client.Http.GetAsync("health", Cancel);
        using var health = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel));
        return health.RootElement.GetProperty("checks").GetProperty("storage").GetString() == storage;
    }, Cancel);
}
