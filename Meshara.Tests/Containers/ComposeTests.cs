using System.Net.Http.Json;
using System.Text.Json;
using Docker.DotNet.Models;
using Meshara.Harness.Monitoring;
using Meshara.Harness.Nodes;

namespace Meshara.Tests.Containers;

/// <summary>
/// The exported compose file with the guide's commands, on a real engine: changes reach the running services and disturb nothing else.
/// </summary>
public sealed class ComposeTests(ComposeMesh mesh) : IClassFixture<ComposeMesh>
{
    private const string Cluster = Harness.Stack.ExportedCluster;

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_exported_mesh_comes_up_healthy_scraped_and_alerting()
    {
        var project = await mesh.UseAsync();
        await mesh.UntilAsync("every node is scraped", "count(up{job='meshara'} == 1)", ComposeMesh.Nodes);
        await mesh.UntilAsync("the nodes know each other", "min(meshara_membership_size)", ComposeMesh.Nodes);
        await mesh.UntilAsync("Prometheus and Alertmanager are scraped", "count(up{job=~'prometheus|alertmanager'} == 1)", 2);

        using var alertmanager = new HttpClient { BaseAddress = await project.AddressAsync("alertmanager", 9093) };
        await mesh.UntilAsync("alerts reach Alertmanager", async () =>
            (await alertmanager.GetFromJsonAsync<JsonElement>("api/v2/alerts", Test)).EnumerateArray()
                .Any(alert => alert.GetProperty("labels").GetProperty("alertname").GetString() == "Watchdog"));
        if (project.Services.Any(service => service.Name == "grafana"))
        {
            using var grafana = new HttpClient { BaseAddress = await project.AddressAsync("grafana", 3000) };
            await mesh.UntilAsync("Grafana answers", async () => (await grafana.GetAsync("api/health", Test)).IsSuccessStatusCode);
        }
    }

    [Fact]
    public async Task Without_node_1_the_other_nodes_and_the_monitoring_are_healthy()
    {
        await mesh.UseAsync();
        Assert.All(mesh.WithoutFirst, result => Assert.True(result.ExitCode == 0, result.Output));
    }

    [Fact]
    public async Task Nodes_and_rules_that_come_and_go_reach_a_prometheus_that_runs_on()
    {
        var project = await mesh.UseAsync();
        var before = await project.ContainersAsync();
        await mesh.UntilAsync("five nodes are scraped", "count(up{job='meshara'} == 1)", 5);

        WriteTargets(project, nodes: 7);
        project.Differ(nodes: 7);
        await project.SucceedAsync("docker compose up -d --pull never");
        await mesh.UntilAsync("seven nodes are scraped", "count(up{job='meshara'} == 1)", 7);
        await mesh.UntilAsync("seven nodes know each other", "min(meshara_membership_size)", 7);

        // Adds a custom rule, then scales down so that members leave on purpose.
        const string Rule = "groups: [{name: mine, rules: [{record: mine:answer, expr: vector(42)}]}]\n";
        await File.WriteAllTextAsync(project.File("prometheus/rules/mine.yml"), Rule, Test);
        await mesh.UntilAsync("the new rule is evaluated", "mine:answer", 42);
        await File.WriteAllTextAsync(project.File("prometheus/rules/retired.yml"), Retired("node-6", "node-7"), Test);
        WriteTargets(project, nodes: 5);
        project.Differ();
        await project.SucceedAsync("docker compose up -d --pull never --remove-orphans");
        await mesh.UntilAsync("five members are expected", "max(cluster:meshara_members:expected)", 5);
        await mesh.UntilAsync("nobody is missed", "count(cluster_node:meshara_member:down)", null);
        await mesh.UntilAsync("five nodes are scraped", "count(up{job='meshara'})", 5);

        Assert.Equal(before, await project.ContainersAsync());
        await project.SucceedAsync(DeployGuide.Commands("More nodes, fewer nodes", project.Name).Split('\n')[^1]);
        Assert.DoesNotContain("node-7", await project.SucceedAsync("docker volume ls"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_environment_file_sets_reaches_what_runs_and_nothing_else()
    {
        var project = await mesh.UseAsync();
        var before = await project.ContainersAsync();

        project.Set("ALERT_RECIPIENTS", "oncall@example.org");
        project.Set("SMTP_SMARTHOST", "relay.example.org:587");
        project.Set("GRAFANA_EXTERNAL_URL", "https://grafana.example.org");
        await project.UpAsync();

        using var alertmanager = new HttpClient { BaseAddress = await project.AddressAsync("alertmanager", 9093) };
        var status = await alertmanager.GetFromJsonAsync<JsonElement>("api/v2/status", Test);
        var configuration = status.GetProperty("config").GetProperty("original").GetString();
        Assert.Contains("to: oncall@example.org", configuration, StringComparison.Ordinal);
        Assert.Contains("smtp_smarthost: relay.example.org:587", configuration, StringComparison.Ordinal);
        var template = await project.SucceedAsync("docker compose exec -T alertmanager cat /etc/alertmanager/templates/meshara.tmpl");
        Assert.Contains("}}https://grafana.example.org{{", template, StringComparison.Ordinal);
        Assert.Equal(["alertmanager"], await RecreatedAsync(project, before, but: ["grafana", "jaeger"]));

        before = await project.ContainersAsync();
        project.Set("SMTP_PASSWORD", "another");
        await project.UpAsync();
        var secret = await project.SucceedAsync("docker compose exec -T -u 65534 alertmanager cat /etc/alertmanager/secrets/smtp_password");
        Assert.Equal("another", secret.Trim());
        Assert.Equal(["alertmanager"], await RecreatedAsync(project, before, but: []));
    }

    [Fact]
    public async Task An_upgrade_under_load_loses_nothing_and_halts_at_an_image_that_does_not_start()
    {
        var project = await mesh.UseAsync();
        var upgrade = DeployGuide.Commands("Rolling upgrade", project.Name);
        var next = $"meshara-node:{project.Name}";
        var tag = new ImageTagParameters { RepositoryName = "meshara-node", Tag = project.Name };
        await mesh.Images.Engine.Images.TagImageAsync(mesh.NodeImage, tag, Test);
        try
        {
            await using var traffic = await SteadyTraffic.StartAsync(Enumerable.Range(1, ComposeMesh.Nodes).Select(mesh.Api), Test);
            var before = await project.ContainersAsync();
            project.Set("MESHARA_NODE_IMAGE", next);
            await project.SucceedAsync(upgrade);
            Assert.Equal(["node-1", "node-2", "node-3", "node-4", "node-5"], await RecreatedAsync(project, before, but: []));

            // In any version of compose, a definition must have the same hash with and without --no-deps.
            before = await project.ContainersAsync();
            await project.SucceedAsync("docker compose up -d --pull never");
            Assert.Empty(await RecreatedAsync(project, before, but: []));

            project.Set("MESHARA_NODE_IMAGE", ComposeMesh.BrokenImage);
            var broken = await project.ShellAsync(upgrade.Replace("--wait-timeout 120", "--wait-timeout 10", StringComparison.Ordinal));
            Assert.Contains("node-5 is not well, and the upgrade ends here", broken.Output, StringComparison.Ordinal);
            Assert.Equal(["node-5"], await RecreatedAsync(project, before, but: []));

            project.Set("MESHARA_NODE_IMAGE", next);
            await project.SucceedAsync(upgrade);
            Assert.Equal(["node-5"], await RecreatedAsync(project, before, but: []));

            await traffic.StopAsync();
            Assert.NotEqual(0, traffic.Accepted);
            await mesh.UntilAsync("every accepted message is acknowledged", () => traffic.IsAcknowledgedAsync(Test));
            Assert.Empty(await traffic.AstrayAsync(Test));
        }
        finally
        {
            project.Set("MESHARA_NODE_IMAGE", mesh.NodeImage);
            await project.UpAsync();
            await mesh.Images.Engine.Images.DeleteImageAsync(next, new ImageDeleteParameters(), CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_node_that_is_restored_has_its_address_and_inbox_and_no_other_was_stopped()
    {
        var project = await mesh.UseAsync();
        var node = mesh.Api(3);
        var address = (await node.TryGetIdentityAsync(Test))!.Address;
        var sent = await mesh.Api(1).SendAsync(address, "kept in the backup", Test);
        Assert.Equal(Acceptance.Accepted, sent.Acceptance);
        await mesh.UntilAsync("node-3 has the message", async () =>
            (await mesh.Api(1).TryGetMessageAsync(sent.Id!, Test))?.State == "acknowledged");
        var before = await project.ContainersAsync();
        var started = await StartsAsync(before);

        await project.SucceedAsync(DeployGuide.Commands("Backup", project.Name));
        await project.SucceedAsync($"docker compose rm --stop --force node-3 && docker volume rm {project.Name}_node-3-data");
        await project.SucceedAsync(DeployGuide.Commands("Restore", project.Name));
        await project.UpAsync();

        Assert.Equal(address, (await node.TryGetIdentityAsync(Test))!.Address);
        var inbox = (await node.TryReadInboxAsync(0, 1000, Test))!.Messages;
        Assert.Contains(inbox, message => message.Id == sent.Id && message.Text == "kept in the backup");
        Assert.Equal(["node-3"], await RecreatedAsync(project, before, but: []));
        var startedNow = await StartsAsync(await project.ContainersAsync());
        Assert.Equal(started.Where(one => one.Key != "node-3"), startedNow.Where(one => one.Key != "node-3"));
    }

    /// <summary>Services whose container has changed, except those that may change.</summary>
    private static async Task<IReadOnlyList<string>> RecreatedAsync(
        ComposeProject project, IReadOnlyDictionary<string, string> before, string[] but)
    {
        var now = await project.ContainersAsync();
        return [.. now.Keys.Where(service => now[service] != before.GetValueOrDefault(service)).Except(but).Order(StringComparer.Ordinal)];
    }

    private async Task<IReadOnlyList<KeyValuePair<string, string>>> StartsAsync(IReadOnlyDictionary<string, string> containers)
    {
        var starts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (service, id) in containers)
            starts[service] = (await mesh.Images.Engine.Containers.InspectContainerAsync(id, Test)).State!.StartedAt!;
        return [.. starts];
    }

    private static void WriteTargets(ComposeProject project, int nodes)
    {
        var addresses = Enumerable.Range(1, nodes).ToDictionary(node => $"node-{node}", node => $"node-{node}:9090");
        var files = PrometheusFolder.Targets(Cluster, addresses, "localhost:9090", "alertmanager:9093");
        File.WriteAllText(project.File("prometheus/targets/meshara.json"), files["meshara.json"]);
    }

    private static string Retired(params string[] nodes)
    {
        var rules = nodes.Select(node =>
            $"{{record: 'cluster_node:meshara_member:retired', expr: vector(1), labels: {{cluster: {Cluster}, node: {node}}}}}");
        return $"groups: [{{name: meshara-retired, rules: [{string.Join(", ", rules)}]}}]\n";
    }
}
