using System.Text.Json;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Mesh;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Traffic;
using Meshara.Harness.Processes;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Stack.Aspire;

/// <summary>Nodes, Prometheus and Alertmanager, run by Aspire's orchestrator.</summary>
[Collection(MeshCollection.Name)]
public sealed class RunModeTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    // NodeDown fires after a minute, and resolves with the next evaluation.
    private static readonly TimeSpan AlertDeadline = TimeSpan.FromMinutes(3);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [ContainerEngineFact(["prometheus", "alertmanager"])]
    public Task A_killed_node_is_told_of_by_containers_until_it_is_back() => KilledNodeAsync("containers");

    [Fact]
    public Task A_killed_node_is_told_of_by_programs_until_it_is_back()
    {
        var path = Environment.GetEnvironmentVariable("PATH");
        Assert.SkipWhen(ToolPath.Find(path, "prometheus") is null || ToolPath.Find(path, "alertmanager", "prometheus-alertmanager") is null, "Prometheus or Alertmanager is not installed");
        return KilledNodeAsync("programs");
    }

    [Fact]
    public async Task A_node_sends_and_broadcasts_on_command()
    {
        await using var mesh = await StartWithoutServersAsync(nodes: 2);

        var sent = await mesh.ExecuteAsync("node-1", NodeCommands.Send, Test, ("to", "node-2"), ("text", "hello"));
        Assert.True(sent.Success, sent.Message);
        Assert.Matches("^Message [0-9a-f]{32} from node-1 to node-2: acknowledged after [0-9]+ ms\\.$", sent.Message);

        var broadcast = await mesh.ExecuteAsync("node-2", NodeCommands.Broadcast, Test, ("text", "hello, everybody"));
        Assert.True(broadcast.Success, broadcast.Message);
        await mesh.EventuallyAsync("node-1", "/api/inbox", answer => Texts(answer).Contains("hello, everybody"), Deadline, Test);
        await mesh.EventuallyAsync("node-2", "/api/inbox", answer => Texts(answer).Contains("hello"), Deadline, Test);
    }

    [Fact]
    public async Task A_node_is_cut_off_and_healed_on_command()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells who dialled");
        await using var mesh = await StartWithoutServersAsync(nodes: 3);

        var cut = await mesh.ExecuteAsync("node-3", NodeCommands.Partition, Test);
        Assert.True(cut.Success, cut.Message);
        await mesh.EventuallyAsync("node-3", "/health", answer => Peers(answer) == 0, Deadline, Test);
        Assert.False((await mesh.ExecuteAsync("node-3", NodeCommands.Partition, Test)).Success);
        await mesh.ShowsAsync("node-3", "mesh.health", value => value != "Healthy", Deadline, Test);

        var healed = await mesh.ExecuteAsync("node-3", NodeCommands.Heal, Test);
        Assert.True(healed.Success, healed.Message);
        await mesh.EventuallyAsync("node-3", "/health", answer => Peers(answer) == 2, Deadline, Test);
        Assert.False((await mesh.ExecuteAsync("node-3", NodeCommands.Heal, Test)).Success);
        await mesh.ShowsAsync("node-3", "mesh.health", value => value == "Healthy", Deadline, Test);
    }

    [Fact]
    public async Task A_node_is_stopped_started_and_restarted_on_command()
    {
        await using var mesh = await StartWithoutServersAsync(nodes: 2);
        var address = await mesh.EventuallyAsync("node-2", "/api/node", _ => true, Deadline, Test);

        var stopped = await mesh.ExecuteAsync("node-2", NodeCommands.Stop, Test);
        Assert.True(stopped.Success, stopped.Message);
        Assert.Matches(@"^node-2 drained and stopped in [0-9.]+ s\.$", stopped.Message);
        Assert.False((await mesh.ExecuteAsync("node-2", NodeCommands.Kill, Test)).Success);

        foreach (var command in (string[])[KnownResourceCommands.StartCommand, KnownResourceCommands.RestartCommand])
        {
            var started = await mesh.ExecuteAsync("node-2", command, Test);
            Assert.True(started.Success, started.Message);
            await mesh.HealthyAsync("node-2", Test);
            var again = await mesh.EventuallyAsync("node-2", "/api/node", _ => true, Deadline, Test);
            Assert.Equal(address.GetProperty("address").GetString(), again.GetProperty("address").GetString());
            await mesh.EventuallyAsync("node-1", "/health", answer => Peers(answer) == 1, Deadline, Test);
        }
    }

    [Fact]
    public async Task Traffic_starts_stops_and_changes_its_rate_on_command()
    {
        await using var mesh = await StartWithoutServersAsync(nodes: 2);
        await mesh.ShowsStateAsync("traffic", state => state == "Stopped", Deadline, Test);

        Assert.False((await mesh.ExecuteAsync("traffic", TrafficExtensions.Rate, Test, ("rate", "0"))).Success);
        Assert.True((await mesh.ExecuteAsync("traffic", TrafficExtensions.Rate, Test, ("rate", "40"))).Success);
        var started = await mesh.ExecuteAsync("traffic", TrafficExtensions.Start, Test);
        Assert.Equal((true, "Sending 40 messages a second."), (started.Success, started.Message));
        await mesh.ShowsStateAsync("traffic", state => Regex.IsMatch(state, "^Sending, [1-9][0-9]* of [1-9][0-9]* delivered$"), Deadline, Test);
        await mesh.ShowsAsync("traffic", "traffic.failed", value => value == "0", Deadline, Test);

        Assert.True((await mesh.ExecuteAsync("traffic", TrafficExtensions.Stop, Test)).Success);
        await mesh.ShowsStateAsync("traffic", state => state == "Stopped", Deadline, Test);
    }

    private static Task<RunningMesh> StartWithoutServersAsync(int nodes) =>
        RunningMesh.StartAsync(Test, "--nodes", $"{nodes}", "--without", string.Join(',', StackPart.All));

    private static async Task KilledNodeAsync(string servers)
    {
        await using var mesh = await RunningMesh.StartAsync(Test, "--nodes", "3", "--servers", servers, "--without", "elasticsearch,jaeger,grafana,mailpit");
        await mesh.EventuallyAsync("prometheus", "/api/v1/query?query=up%7Bjob%3D%22meshara%22%7D", answer => Values(answer) is ["1", "1", "1"], Deadline, Test);

        var killed = await mesh.ExecuteAsync("node-3", NodeCommands.Kill, Test);
        Assert.True(killed.Success, killed.Message);
        Assert.Matches(@"^node-3 \(process \d+\) was killed\.$", killed.Message);
        await mesh.EventuallyAsync("alertmanager", "/api/v2/alerts?active=true", answer => Alerts(answer).Contains("NodeDown node-3"), AlertDeadline, Test);

        var started = await mesh.ExecuteAsync("node-3", KnownResourceCommands.StartCommand, Test);
        Assert.True(started.Success, started.Message);
        await mesh.HealthyAsync("node-3", Test);
        await mesh.EventuallyAsync("prometheus", "/api/v1/query?query=ALERTS%7Balertname%3D%22NodeDown%22%7D", answer => Values(answer).Length == 0, AlertDeadline, Test);
    }

    private static string[] Values(JsonElement answer) =>
        [.. answer.GetProperty("data").GetProperty("result").EnumerateArray().Select(series => series.GetProperty("value")[1].GetString()!)];

    private static IEnumerable<string> Alerts(JsonElement answer) => answer.EnumerateArray().Select(alert => alert.GetProperty("labels"))
        .Select(labels => $"{labels.GetProperty("alertname").GetString()} {(labels.TryGetProperty("node", out var node) ? node.GetString() : "")}");

    private static IEnumerable<string?> Texts(JsonElement inbox) => inbox.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("text").GetString());

    private static int Peers(JsonElement health) => health.GetProperty("connected_peers").GetInt32();
}
