using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Meshara.Tests.Api;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Telemetry;

[Collection(ExportCollection.Name)]
public sealed class DiagnosticsApiTests
{
    private static readonly (string, string)[] On = [("Diagnostics:Enabled", "true"), ("OTEL_TRACES_SAMPLER", "always_on"), ("MESHARA_LOG", "off,meshara=debug")];

    [Fact]
    public async Task A_message_is_found_in_traces_and_logs_without_any_backend()
    {
        await using var mesh = new MeshFixture(On);
        var nodes = await mesh.StartManyAsync(2);
        await mesh.AreAllConnectedAsync();
        var id = await nodes[0].SendAsync(nodes[1], "looked for");
        await nodes[0].EndsAsync(id);
        using var client = new HttpClient { BaseAddress = nodes[0].Http };

        JsonNode? trace = null;
        await Eventually.TrueAsync(async () =>
        {
            trace = (await GetAsync(client, $"/api/diagnostics/traces?message_id={id}"))["traces"]!.AsArray().SingleOrDefault();
            return trace?["spans"]!.AsArray().Any(span => (string)span!["name"]! == "send_message") == true;
        }, "the trace is kept");
        var traceId = (string)trace!["trace_id"]!;
        var send = trace["spans"]!.AsArray().Single(span => (string)span!["name"]! == "send_message")!;
        Assert.Equal(id.ToString(), (string)send["attributes"]!["message_id"]!);
        Assert.Equal("message_delivered", (string)send["events"]!.AsArray().Single()!["name"]!);
        Assert.Equal(traceId, (string)(await GetAsync(client, $"/api/diagnostics/traces?trace_id={traceId}"))["traces"]!.AsArray().Single()!["trace_id"]!);

        var line = (await GetAsync(client, $"/api/diagnostics/logs?message_id={id}&event=MessageDelivered"))["logs"]!.AsArray().Single()!;
        Assert.Equal(("INFO", "meshara::delivery", nodes[1].Address.ToString()), ((string)line["level"]!, (string)line["target"]!, (string)line["recipient"]!));
        Assert.Equal(traceId, (string)line["trace_id"]!);
        Assert.Empty((await GetAsync(client, $"/api/diagnostics/logs?message_id={id}&level=warn"))["logs"]!.AsArray());
    }

    [Fact]
    public async Task A_message_that_expires_is_among_the_failed_and_the_slow_traces()
    {
        await using var mesh = new MeshFixture([.. On, ("Diagnostics:SlowerThan", "00:00:00.5")]);
        var node = (await mesh.StartManyAsync(1))[0];
        using var nobody = Meshara.Node.Identity.NodeIdentity.Generate();
        var id = await node.Messenger.SendAsync(nobody.Address, "x"u8.ToArray(), TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        await node.EndsAsync(id);
        using var client = new HttpClient { BaseAddress = node.Http };
        foreach (var kind in (string[])["failed", "slow"])
        {
            await Eventually.TrueAsync(async () => (await GetAsync(client, $"/api/diagnostics/traces?kind={kind}"))["traces"]!.AsArray()
                .Any(trace => trace!["spans"]!.AsArray().Any(span => (string?)span!["attributes"]!["message_id"] == id.ToString())), $"it is among the {kind} ones");
        }
    }

    [Fact]
    public async Task The_log_level_changes_while_the_node_runs()
    {
        await using var mesh = new MeshFixture();
        var node = (await mesh.StartManyAsync(1))[0];
        using var client = new HttpClient { BaseAddress = node.Http };
        Assert.Equal("off", (string)(await GetAsync(client, "/api/diagnostics/log-level"))["filter"]!);

        using var answer = await PutAsync(client, "off,meshara.routing=error");
        Assert.Equal("off,meshara.routing=error", (string)(await answer.JsonAsync())["filter"]!);
        Assert.Equal("off,meshara.routing=error", (string)(await GetAsync(client, "/api/diagnostics/log-level"))["filter"]!);

        using var wrong = await PutAsync(client, "meshara=loud");
        Assert.Contains("meshara=loud", await wrong.ProblemAsync(HttpStatusCode.BadRequest, "invalid_argument"), StringComparison.Ordinal);
        Assert.Equal("off,meshara.routing=error", (string)(await GetAsync(client, "/api/diagnostics/log-level"))["filter"]!);
    }

    [Theory]
    [InlineData("/api/diagnostics/traces?kind=fast")]
    [InlineData("/api/diagnostics/traces?limit=0")]
    [InlineData("/api/diagnostics/traces?trace_id=12")]
    [InlineData("/api/diagnostics/logs?message_id=12")]
    [InlineData("/api/diagnostics/logs?level=loud")]
    [InlineData("/api/diagnostics/logs?limit=1001")]
    public async Task A_query_that_makes_no_sense_is_a_problem(string path)
    {
        await using var mesh = new MeshFixture(("Diagnostics:Enabled", "true"));
        var node = (await mesh.StartManyAsync(1))[0];
        using var client = new HttpClient { BaseAddress = node.Http };
        using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
        await answer.ProblemAsync(HttpStatusCode.BadRequest, "invalid_argument");
    }

    [Theory]
    [InlineData("/api/diagnostics/traces")]
    [InlineData("/api/diagnostics/logs")]
    public async Task Outside_development_nothing_is_kept_unless_asked_for(string path)
    {
        await using var mesh = new MeshFixture(("Api:Token", "open-sesame"));
        var node = (await mesh.StartManyAsync(1))[0];
        using var client = new HttpClient { BaseAddress = node.Http };
        using var stranger = await client.GetAsync(path, TestContext.Current.CancellationToken);
        await stranger.ProblemAsync(HttpStatusCode.Unauthorized, "unauthorized");
        client.DefaultRequestHeaders.Authorization = new("Bearer", "open-sesame");
        using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Contains("Diagnostics:Enabled", await answer.ProblemAsync(HttpStatusCode.NotFound, "not_found"), StringComparison.Ordinal);
    }

    private static async Task<JsonNode> GetAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
        return await answer.JsonAsync();
    }

    private static Task<HttpResponseMessage> PutAsync(HttpClient client, string filter) =>
        client.PutAsJsonAsync("/api/diagnostics/log-level", new { filter }, TestContext.Current.CancellationToken);
}
