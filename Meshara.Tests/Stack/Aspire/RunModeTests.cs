using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Meshara.AppHost.Hosting;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Stack.Aspire;

/// <summary>Nodes, Prometheus and Alertmanager, run by Aspire's orchestrator.</summary>
public sealed class RunModeTests
{
    private const string Without = "elasticsearch,jaeger,kibana,filebeat,grafana,mailpit";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    // NodeDown fires after a minute, and resolves with the next evaluation.
    private static readonly TimeSpan AlertDeadline = TimeSpan.FromMinutes(3);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [ContainerEngineFact(["prometheus", "alertmanager"])]
    public async Task Nodes_are_scraped_through_the_tunnel_and_a_killed_one_is_told_of_until_it_is_back()
    {
        await using var mesh = await RunningMesh.StartAsync(Test, "--nodes", "3", "--without", Without);

        await mesh.EventuallyAsync("prometheus", "/api/v1/query?query=up%7Bjob%3D%22meshara%22%7D", answer => Values(answer) is ["1", "1", "1"], Deadline, Test);

        var killed = await mesh.ExecuteAsync("node-3", MeshCommands.Kill, Test);
        Assert.True(killed.Success, killed.Message);
        Assert.Matches(@"^node-3 \(process \d+\) was killed\.$", killed.Message);
        await mesh.EventuallyAsync("alertmanager", "/api/v2/alerts?active=true", answer => Alerts(answer).Contains("NodeDown node-3"), AlertDeadline, Test);

        var started = await mesh.ExecuteAsync("node-3", "resource-start", Test);
        Assert.True(started.Success, started.Message);
        await mesh.HealthyAsync("node-3", Test);
        await mesh.EventuallyAsync("prometheus", "/api/v1/query?query=ALERTS%7Balertname%3D%22NodeDown%22%7D", answer => Values(answer).Length == 0, AlertDeadline, Test);
    }

    [ContainerEngineFact(["prometheus", "alertmanager"])]
    public async Task The_commands_of_a_node_do_what_they_say()
    {
        await using var mesh = await RunningMesh.StartAsync(Test, "--nodes", "3", "--without", Without + ",prometheus,alertmanager");

        var sent = await mesh.ExecuteAsync("node-1", MeshCommands.Send, Test, ("to", "node-3"), ("text", "hello"));
        Assert.True(sent.Success, sent.Message);
        Assert.Matches("^Message [0-9a-f]{32} from node-1 to node-3: acknowledged after [0-9]+ ms\\.$", sent.Message);

        var cut = await mesh.ExecuteAsync("node-3", MeshCommands.Partition, Test);
        Assert.True(cut.Success, cut.Message);
        await mesh.EventuallyAsync("node-3", "/health", answer => Peers(answer) == 0, Deadline, Test);
        Assert.False((await mesh.ExecuteAsync("node-3", MeshCommands.Partition, Test)).Success);

        var healed = await mesh.ExecuteAsync("node-3", MeshCommands.Heal, Test);
        Assert.True(healed.Success, healed.Message);
        await mesh.EventuallyAsync("node-3", "/health", answer => Peers(answer) == 2, Deadline, Test);
        Assert.False((await mesh.ExecuteAsync("node-3", MeshCommands.Heal, Test)).Success);

        var stopped = await mesh.ExecuteAsync("node-3", MeshCommands.Stop, Test);
        Assert.True(stopped.Success, stopped.Message);
        Assert.Matches(@"^node-3 drained and stopped in [0-9.]+ s\.$", stopped.Message);
        Assert.False((await mesh.ExecuteAsync("node-3", MeshCommands.Kill, Test)).Success);
    }

    [ContainerEngineFact([])]
    public async Task A_host_that_is_asked_to_stop_ends_well_and_leaves_no_node()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no SIGTERM");
        // Outside Development nothing is kept among the developer's secrets.
        await using var mesh = await LocalMesh.StartAsync(3, Test, ["--engine", "aspire", "--traffic", "20", "--without", Without + ",prometheus,alertmanager"],
            environment: new Dictionary<string, string> { ["DOTNET_ENVIRONMENT"] = "Production" });
        var nodes = mesh.Nodes.Select(node => Process.GetProcessById(node.Endpoint.Pid)).ToList();
        try
        {
            using var kill = Process.Start("kill", ["-TERM", mesh.Host.Id.ToString(CultureInfo.InvariantCulture)]);

            Assert.True(await mesh.Host.ExitAsync(Test) == 0, mesh.Host.Output);
            await ProcessTree.EndAsync(nodes, Test);
        }
        finally
        {
            nodes.ForEach(node => node.Dispose());
        }
    }

    private static string[] Values(JsonElement answer) =>
        [.. answer.GetProperty("data").GetProperty("result").EnumerateArray().Select(series => series.GetProperty("value")[1].GetString()!)];

    private static IEnumerable<string> Alerts(JsonElement answer) => answer.EnumerateArray().Select(alert => alert.GetProperty("labels"))
        .Select(labels => $"{labels.GetProperty("alertname").GetString()} {(labels.TryGetProperty("node", out var node) ? node.GetString() : "")}");

    private static int Peers(JsonElement health) => health.GetProperty("connected_peers").GetInt32();
}
