using System.Text.Json;
using System.Text.RegularExpressions;

namespace Meshara.Tests.Containers;

/// <summary>Dashboards and data sources in Grafana.</summary>
[Collection(ObservabilityCollection.Name)]
public sealed partial class GrafanaContainerTests(ContainerStack stack) : IAsyncDisposable
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => stack.ReportAsync();

    [Theory]
    [InlineData("prometheus")]
    [InlineData("jaeger")]
    [InlineData("elasticsearch")]
    public async Task A_data_source_is_healthy(string uid)
    {
        var grafana = await stack.UseAsync(GrafanaContainer.StartAsync);

        await stack.UntilAsync($"{uid} is healthy", async () => (await grafana.GetAsync($"api/datasources/uid/{uid}/health")).GetProperty("status").GetString() == "OK");
    }

    [Fact]
    public async Task The_data_source_of_alerts_reaches_Alertmanager()
    {
        var grafana = await stack.UseAsync(GrafanaContainer.StartAsync);

        // This plugin runs only in the browser: its health check is this request, proxied by Grafana.
        var status = await grafana.GetAsync("api/datasources/proxy/uid/alertmanager/api/v2/status");
        Assert.True(status.TryGetProperty("versionInfo", out _), status.GetRawText());
    }

    [Fact]
    public async Task Every_dashboard_is_there_with_all_its_panels()
    {
        var grafana = await stack.UseAsync(GrafanaContainer.StartAsync);
        var files = Files().ToDictionary(file => file.GetProperty("uid").GetString()!);

        await stack.UntilAsync("every dashboard is provisioned", async () => (await grafana.GetAsync("api/search?type=dash-db")).EnumerateArray()
            .Select(found => found.GetProperty("uid").GetString()).ToHashSet().SetEquals(files.Keys));
        foreach (var (uid, file) in files)
        {
            var shown = (await grafana.GetAsync($"api/dashboards/uid/{uid}")).GetProperty("dashboard");
            Assert.Equal(file.GetProperty("title").GetString(), shown.GetProperty("title").GetString());
            Assert.Equal(Titles(file), Titles(shown));
        }
    }

    [Fact]
    public async Task Every_panel_of_the_overview_gets_an_answer_and_those_of_a_healthy_mesh_get_data()
    {
        var grafana = await stack.UseAsync(GrafanaContainer.StartAsync);
        var nodes = (await stack.UseAsync(ObservedMesh.StartAsync)).Mesh.Nodes;
        var overview = Files().Single(file => file.GetProperty("uid").GetString() == "meshara-overview");
        var queried = Panels(overview).Where(panel => panel.TryGetProperty("targets", out var targets) && targets.GetArrayLength() > 0).ToList();
        Assert.NotEmpty(queried);

        var filled = new HashSet<string>();
        await stack.UntilAsync("the panels of messages and members have data", async () =>
        {
            await nodes[0].Client.SendAsync(nodes[1].Client, "to be seen", Test);
            foreach (var panel in queried)
            {
                var results = await grafana.QueryAsync(panel.GetProperty("targets").EnumerateArray().Select(target => Query(panel, target)));
                foreach (var result in results.EnumerateObject())
                    Assert.False(result.Value.TryGetProperty("error", out var error), $"{Title(panel)}: {error}");
                if (results.EnumerateObject().Any(result => HasValues(result.Value)))
                    filled.Add(Title(panel));
            }
            return filled.Contains("Members up") && filled.Contains("Message Throughput");
        }, 2 * ContainerStack.Deadline);
    }

    [Fact]
    public async Task Pictures_are_taken_where_somebody_wants_them()
    {
        var grafana = await stack.UseAsync(GrafanaContainer.StartAsync);
        var pictures = Pictures.RequestedOrSkip();

        foreach (var uid in Files().Select(file => file.GetProperty("uid").GetString()!))
            await pictures.TakeAsync(new Uri(grafana.Http.BaseAddress!, $"d/{uid}?kiosk&from=now-15m&to=now"), uid, Test);
    }

    // A panel's query with the dashboard's variables filled in as the browser does: "all", and the provisioned servers.
    private static Dictionary<string, object> Query(JsonElement panel, JsonElement target)
    {
        var text = Variable().Replace(target.GetRawText(), match => match.Groups["name"].Value switch
        {
            "prometheus" or "jaeger" or "elasticsearch" => match.Groups["name"].Value,
            var name => name.StartsWith("__", StringComparison.Ordinal) ? match.Value : ".*",
        });
        var query = JsonSerializer.Deserialize<Dictionary<string, object>>(text)!;
        if (!query.ContainsKey("datasource"))
            query["datasource"] = new { uid = panel.GetProperty("datasource").GetProperty("type").GetString() };
        query["intervalMs"] = 5000;
        query["maxDataPoints"] = 100;
        return query;
    }

    private static bool HasValues(JsonElement result) => result.TryGetProperty("frames", out var frames)
        && frames.EnumerateArray().Any(frame => frame.GetProperty("data").GetProperty("values") is var columns
            && columns.GetArrayLength() > 0 && columns[0].GetArrayLength() > 0);

    private static IEnumerable<JsonElement> Files() =>
        Directory.GetFiles(GrafanaContainer.Dashboards, "*.json").Select(file => JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(file)));

    private static IEnumerable<string> Titles(JsonElement dashboard) => Panels(dashboard).Select(Title).Order(StringComparer.Ordinal);

    // A collapsed row contains its panels.
    private static IEnumerable<JsonElement> Panels(JsonElement holder) => holder.GetProperty("panels").EnumerateArray()
        .SelectMany(panel => panel.TryGetProperty("panels", out var inner) && inner.GetArrayLength() > 0 ? Panels(panel).Prepend(panel) : [panel]);

    private static string Title(JsonElement panel) => panel.TryGetProperty("title", out var title) ? title.GetString() ?? "" : "";

    [GeneratedRegex(@"\$\{?(?<name>\w+)(:\w+)?\}?")]
    private static partial Regex Variable();
}
