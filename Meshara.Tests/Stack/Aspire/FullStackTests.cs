using System.Text;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Mesh;
using Meshara.AppHost.Plan;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.Tests.Stack.Aspire;

/// <summary>The whole stack: every signal is found through the API of the product that stores it.</summary>
public sealed class FullStackTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [ContainerEngineFact]
    public async Task Every_signal_of_a_message_is_found_where_it_is_kept()
    {
        await using var mesh = await RunningMesh.StartAsync(Test, "--nodes", "3");
        // Lines about single messages are logged only at DEBUG.
        foreach (var node in mesh.Nodes)
            await mesh.SendAsync(HttpMethod.Put, node.Name, "/api/diagnostics/log-level", """{"filter":"meshara=debug"}""", Test);
        var sent = await mesh.ExecuteAsync("node-1", NodeCommands.Send, Test, ("to", "node-3"), ("text", "hello"));
        Assert.True(sent.Success, sent.Message);
        var id = sent.Data!.Value;

        await mesh.EventuallyAsync("prometheus", "/api/v1/query?query=up", answer => Values(answer) is { Length: >= 6 } values && values.All(value => value == "1"), Deadline, Test);
        await TracesSpanTwoNodesAsync(mesh, id);
        var elastic = await BasicAsync(mesh, "elastic", "elasticsearch-password");
        await mesh.EventuallyAsync("elasticsearch", $"/logs-meshara-*/_search?q=message_id:{id}",
            answer => answer.GetProperty("hits").GetProperty("total").GetProperty("value").GetInt32() > 0, Deadline, Test, elastic);
        await GrafanaIsWiredAsync(mesh);
        await AnAlertReachesTheMailboxAsync(mesh);
    }

    private static async Task TracesSpanTwoNodesAsync(RunningMesh mesh, string id) => await mesh.EventuallyAsync(
        "jaeger", $"/api/traces?service=meshara&operation=send_message&tags={Uri.EscapeDataString($$"""{"message_id":"{{id}}"}""")}&lookback=1h&limit=20",
        answer => answer.GetProperty("data").EnumerateArray().Any(trace => trace.GetProperty("processes").EnumerateObject().Count() >= 2), Deadline, Test);

    private static async Task GrafanaIsWiredAsync(RunningMesh mesh)
    {
        var admin = await BasicAsync(mesh, "admin", "grafana-password");
        foreach (var uid in (string[])["prometheus", "jaeger", "elasticsearch", "alertmanager"])
            await mesh.EventuallyAsync("grafana", $"/api/datasources/uid/{uid}/health", answer => answer.GetProperty("status").GetString() == "OK", Deadline, Test, admin);
        await mesh.EventuallyAsync("grafana", "/api/search?type=dash-db", answer => Uids(answer).IsSupersetOf(["meshara-overview", "meshara-delivery", "meshara-node", "meshara-routing", "meshara-stack"]), Deadline, Test, admin);
    }

    private static async Task AnAlertReachesTheMailboxAsync(RunningMesh mesh)
    {
        var name = $"Test{Guid.NewGuid():N}";
        await mesh.SendAsync(HttpMethod.Post, "alertmanager", "/api/v2/alerts",
            $$$"""[{"labels":{"alertname":"{{{name}}}","severity":"warning","cluster":"local"},"annotations":{"summary":"a test","dashboard_url":"/d/meshara-overview","runbook_url":"http://localhost"}}]""", Test);
        await mesh.EventuallyAsync("alertmanager", "/api/v2/alerts", answer => answer.GetRawText().Contains(name, StringComparison.Ordinal), Deadline, Test);
        await mesh.EventuallyAsync("mailpit", $"/api/v1/search?query=subject:{name}", answer => answer.GetProperty("messages_count").GetInt32() > 0, Deadline, Test);
    }

    private static async Task<string> BasicAsync(RunningMesh mesh, string user, string parameter)
    {
        var password = await mesh.Application.Services.GetRequiredService<DistributedApplicationModel>().Resources.OfType<ParameterResource>()
            .Single(resource => resource.Name == parameter).GetValueAsync(Test);
        return "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
    }

    private static HashSet<string> Uids(JsonElement dashboards) => [.. dashboards.EnumerateArray().Select(dashboard => dashboard.GetProperty("uid").GetString()!)];

    private static string[] Values(JsonElement answer) =>
        [.. answer.GetProperty("data").GetProperty("result").EnumerateArray().Select(series => series.GetProperty("value")[1].GetString()!)];
}
