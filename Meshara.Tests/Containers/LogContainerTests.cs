using System.Net.Http.Json;
using System.Text.Json;
using Meshara.Tests.Alerts;
using Meshara.Tests.Dashboards;

namespace Meshara.Tests.Containers;

/// <summary>Logs in Elasticsearch and Kibana.</summary>
[Collection(ObservabilityCollection.Name)]
public sealed class LogContainerTests(ContainerStack stack) : IAsyncDisposable
{
    private const string Lines = "logs-meshara-default";

    // The delay that the documentation promises until a message can be found.
    private static readonly TimeSpan Shipping = TimeSpan.FromSeconds(30);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => stack.ReportAsync();

    [Fact]
    public async Task What_every_node_said_about_a_message_is_found_by_its_id()
    {
        await stack.UseAsync(LogPipeline.StartAsync);
        var elastic = await stack.UseAsync(ElasticContainer.StartAsync);
        var nodes = (await stack.UseAsync(ObservedMesh.StartAsync)).Mesh.Nodes;

        var id = await nodes[0].Client.SendAsync(nodes[2].Client, "find me", Test);
        await nodes[2].Client.ReceiveAsync("find me", Test);

        await stack.UntilAsync("lines of sender and recipient are found", async () =>
        {
            var lines = await elastic.SearchAsync(Lines, new { term = new Dictionary<string, string> { ["message_id"] = id } });
            return lines.Select(line => line.GetProperty("span").GetProperty("node_id").GetString()).ToHashSet()
                .IsSupersetOf([nodes[0].Client.Address, nodes[2].Client.Address]);
        }, Shipping);
    }

    [Fact]
    public async Task No_line_is_refused_and_no_field_has_two_types()
    {
        await stack.UseAsync(LogPipeline.StartAsync);
        var elastic = await stack.UseAsync(ElasticContainer.StartAsync);
        await stack.UntilAsync("there are lines", async () => (await elastic.SearchAsync(Lines, new { match_all = new { } })).Count > 0);

        Assert.Empty(await elastic.SearchAsync($"{Lines}::failures", new { match_all = new { } }));
        Assert.Empty(await elastic.SearchAsync(Lines, new { exists = new { field = "_ignored" } }));
        // Filebeat adds this field if it could not parse a line as JSON.
        Assert.Empty(await elastic.SearchAsync(Lines, new { term = new Dictionary<string, string> { ["error.type"] = "json" } }));
        var fields = (await elastic.Http.GetFromJsonAsync<JsonElement>("meshara-logs-*/_field_caps?fields=*", Test)).GetProperty("fields");
        var conflicts = fields.EnumerateObject().Where(field => field.Value.EnumerateObject().Count() > 1).Select(field => field.Name);
        Assert.Empty(conflicts);
    }

    [Fact]
    public async Task Elasticsearch_finds_what_the_dashboards_ask_for_and_no_other_lines_than_the_tests_without_it_would()
    {
        await stack.UseAsync(LogPipeline.StartAsync);
        var elastic = await stack.UseAsync(ElasticContainer.StartAsync);
        var nodes = (await stack.UseAsync(ObservedMesh.StartAsync)).Mesh.Nodes;
        var id = await nodes[0].Client.SendAsync(nodes[1].Client, "find me, too", Test);
        var variables = new Dictionary<string, string> { ["node"] = "node-1", ["message_id"] = id };
        var queries = DashboardFiles.Dashboards.SelectMany(dashboard => dashboard.Panels).SelectMany(panel => panel.LogQueries).ToList();
        Assert.NotEmpty(queries);

        var filled = new HashSet<string>(StringComparer.Ordinal);
        await stack.UntilAsync("the panels that a healthy mesh fills have lines", async () =>
        {
            foreach (var query in queries)
            {
                var found = await elastic.SearchAsync("meshara-logs-*", new { query_string = new { query = query.Text(variables), analyze_wildcard = true } });
                Assert.All(found, line => Assert.True(query.Query(variables).Matches(line), $"{query}: {line}"));
                if (query.Shows(found))
                    filled.Add(query.Panel.Title);
            }
            return filled.IsSupersetOf(["Log", "Log lines by level", "What happened to it", "Who is connected to whom"]);
        }, Shipping);
    }

    [Fact]
    public async Task Kibana_has_every_saved_object_with_everything_it_refers_to()
    {
        var kibana = (await stack.UseAsync(LogPipeline.StartAsync)).Kibana;
        var saved = File.ReadLines(Path.Combine(AlertFiles.Root, "logging", "kibana", "logs.ndjson"))
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line)).Where(line => line.TryGetProperty("id", out _))
            .Select(line => (Type: line.GetProperty("type").GetString()!, Id: line.GetProperty("id").GetString()!)).ToList();

        using var answer = await kibana.PostAsJsonAsync("api/saved_objects/_export",
            new { objects = saved.Select(one => new { type = one.Type, id = one.Id }), includeReferencesDeep = true }, Test);
        var text = await answer.Content.ReadAsStringAsync(Test);
        Assert.True(answer.IsSuccessStatusCode, text);

        var exported = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToList();
        Assert.Equal(saved.Order(), exported[..^1].Select(one => (one.GetProperty("type").GetString()!, one.GetProperty("id").GetString()!)).Order());
        Assert.Equal(0, exported[^1].GetProperty("missingRefCount").GetInt32());
    }
}
