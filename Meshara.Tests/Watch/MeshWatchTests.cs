using System.Net;
using Meshara.Tests.Mesh;
using Meshara.Watch.Mesh;
using Meshara.Watch.Nodes;
using Meshara.Watch.Page;
using Microsoft.AspNetCore.Http;

namespace Meshara.Tests.Watch;

/// <summary>What the watch makes of the nodes' answers, without a browser.</summary>
public sealed class MeshWatchTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task A_node_that_denies_what_several_others_report_is_the_one_that_is_wrong()
    {
        string Peers(params string[] names) => string.Join(',', names.Select(name => HostileNode.Peer(HostileNode.AddressOf(name), name)));
        await using var alice = await HostileNode.StartAsync("alice", Peers("bob", "carol"));
        await using var bob = await HostileNode.StartAsync("bob", Peers("alice", "carol"));
        await using var carol = await HostileNode.StartAsync("carol");

        var view = await ViewAsync([alice.Watched, bob.Watched, carol.Watched], one => one.Nodes[2].Condition == Conditions.Suspect);

        Assert.Equal(["it denies a connection that alice has", "it denies a connection that bob has"], view.Nodes[2].Problems);
        Assert.Equal([Conditions.Healthy, Conditions.Healthy], view.Nodes.Take(2).Select(node => node.Condition));
        Assert.Equal([("n1", "n2", true), ("n1", "n3", false), ("n2", "n3", false)], view.Links.Select(link => (link.From, link.To, link.Confirmed)).Order());
        Assert.Equal(["n1", "n2"], Assert.Single(view.Parts));
    }

    [Fact]
    public async Task Two_nodes_with_one_address_and_a_node_of_another_name_are_named()
    {
        await using var one = await HostileNode.StartAsync("twin");
        await using var other = await HostileNode.StartAsync("Twin");
        await using var third = await HostileNode.StartAsync("mallory");

        var view = await ViewAsync([one.Watched, other.Watched, third.Watched with { Name = "node-3" }], view => view.Nodes.All(node => node.Condition == Conditions.Suspect));

        Assert.Equal(
            [["Twin has its address"], ["it has the address of twin"], ["it answers with the name mallory and not as node-3"]], view.Nodes.Select(node => node.Problems));
    }

    [Fact]
    public async Task Nodes_are_asked_only_while_somebody_watches()
    {
        var asked = 0;
        await using var node = await HostileNode.StartAsync("node", misbehave: _ =>
        {
            Interlocked.Increment(ref asked);
            return Task.FromResult(false);
        });
        using var watch = new MeshWatch(new WatchOptions { Nodes = () => [node.Watched], Interval = Interval }, TimeProvider.System);
        Assert.Equal(0, asked);

        for (var i = 0; i < 2; i++)
        {
            await FirstAsync(watch, view => view.Nodes[0].Condition == Conditions.Healthy);
            // What was under way when the last watcher left still ends.
            await Eventually.TrueAsync(async () =>
            {
                var before = Volatile.Read(ref asked);
                await Task.Delay(4 * Interval, TestContext.Current.CancellationToken);
                return before == Volatile.Read(ref asked);
            }, "nobody is asked any more");
        }
    }

    [Fact]
    public async Task Alerts_come_from_Prometheus_and_silences_from_Alertmanager()
    {
        static string Alert(string name, string state) =>
            $$"""{"labels":{"alertname":"{{name}}","severity":"page","node":"node-1"},"annotations":{"summary":"It fires."},"state":"{{state}}","activeAt":"2025-12-23T10:34:12Z","value":"1"}""";
        await using var server = await HostileNode.StartAsync("server", misbehave: async context =>
        {
            var body = context.Request.Path.Value switch
            {
                "/api/v1/alerts" => $$"""{"status":"success","data":{"alerts":[{{Alert("Unheard", "pending")}},{{Alert("NodeDown", "firing")}},{{Alert("DiskNearlyFull", "firing")}}]} }""",
                "/api/v2/alerts" => """[{"labels":{"alertname":"NodeDown","severity":"page","node":"node-1","cluster":"local"},"status":{"state":"suppressed"}}]""",
                _ => null,
            };
            if (body is not null)
                await context.Response.WriteAsync(body, context.RequestAborted);
            return body is not null;
        });
        var url = server.Watched.Api;
        using var watch = new MeshWatch(new WatchOptions { Nodes = () => [], Prometheus = url, Alertmanager = url, Interval = Interval }, TimeProvider.System);

        var view = await FirstAsync(watch, view => view.Alerts.Active.Count > 0);

        Assert.Equal(
            [("DiskNearlyFull", "firing", "node-1", true), ("Unheard", "pending", "node-1", false), ("NodeDown", "silenced", "node-1", true)],
            view.Alerts.Active.Select(alert => (alert.Name, alert.State, alert.Node!, alert.HasRunbook)));
        Assert.Null(view.Alerts.Problem);
    }

    [Fact]
    public async Task A_server_of_its_own_answers_only_to_names_of_this_machine_and_changes_nothing()
    {
        using var watch = new MeshWatch(new WatchOptions { Nodes = () => [] }, TimeProvider.System);
        await using var server = WatchServer.Create(watch, port: 0);
        await server.StartAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = new Uri(server.Urls.First()) };
        async Task<HttpStatusCode> StatusAsync(HttpMethod method, string host)
        {
            using var request = new HttpRequestMessage(method, "api/console/links") { Headers = { Host = host } };
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            return response.StatusCode;
        }

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, "localhost"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(HttpMethod.Get, "rebound.example"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await StatusAsync(HttpMethod.Post, "127.0.0.1"));
        await server.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Figures_are_read_from_a_scrape()
    {
        var figures = MetricsText.Read("""
            # TYPE meshara_messages_sent_total counter
            meshara_messages_sent_total{otel_scope_name="Meshara",message_type="private"} 7 1764512345678
            meshara_messages_sent_total{otel_scope_name="Meshara",message_type="ack"} 100
            meshara_messages_completed_total{outcome="acknowledged"} 5
            meshara_messages_completed_total{outcome="expired"} 1
            meshara_message_queue_size 3
            meshara_message_latency_seconds_bucket{message_type="private",le="0.005"} 4 # {trace_id="}"} 0.004
            meshara_message_latency_seconds_bucket{message_type="private",le="+Inf"} 5
            meshara_network_bytes_total{direction="out"} 1e3
            meshara_errors_total
            process_start_time_seconds 1
            """u8);

        Assert.Equal((7, 5, 1, 3, 4, 5, 1000), (figures!.Sent, figures.Acknowledged, figures.Failed, figures.Queue, figures.Latency[1], figures.Latency[^1], figures.BytesOut));
        Assert.Null(MetricsText.Read("<html>"u8));
    }

    private static async Task<MeshView> ViewAsync(IReadOnlyList<WatchedNode> nodes, Func<MeshView, bool> isWanted)
    {
        using var watch = new MeshWatch(new WatchOptions { Nodes = () => nodes, Interval = Interval }, TimeProvider.System);
        return await FirstAsync(watch, isWanted);
    }

    private static async Task<MeshView> FirstAsync(MeshWatch watch, Func<MeshView, bool> isWanted)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Eventually.Deadline);
        await foreach (var watched in watch.FollowAsync(limit.Token))
        {
            if (isWanted(watched.View))
                return watched.View;
        }
        throw new InvalidOperationException("The watch ended.");
    }
}
