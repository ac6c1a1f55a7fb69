using System.Text.RegularExpressions;
using System.Xml.Linq;
using Meshara.Tests.Alerts;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Dashboards;

/// <summary>Runs every query of the dashboards: those for Prometheus here, those for Jaeger and the logs in the other parts.</summary>
[Collection(MeshCollection.Name)]
public sealed partial class QueryTests(QueryRun run) : IClassFixture<QueryRun>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(5);

    /// <summary>Values of Grafana's own variables, and the initial choices of a dashboard.</summary>
    private static readonly Dictionary<string, string> Variables = new(StringComparer.Ordinal)
    {
        ["__rate_interval"] = "1m", // four steps of the default interval
        ["__range"] = "1h",
        ["cluster"] = ".*",
        ["node"] = ".*",
        ["message_type"] = ".*",
    };

    /// <summary>Metrics that Jaeger derives from spans; tracing/README.md lists them.</summary>
    private static readonly string[] OfJaeger = ["traces_span_metrics_calls_total", "traces_span_metrics_duration_milliseconds_bucket"];

    /// <summary>Metrics of Elasticsearch's exporter; its sources list them (collector/).</summary>
    private static readonly string[] OfElasticsearch =
    [
        "elasticsearch_index_stats_indexing_index_total", "elasticsearch_jvm_memory_used_bytes",
        "elasticsearch_filesystem_data_available_bytes", "elasticsearch_filesystem_data_size_bytes",
    ];

    /// <summary>Metrics that no server of this run has.</summary>
    private string[] Elsewhere => run.HasJaeger ? OfElasticsearch : [.. OfElasticsearch, .. OfJaeger];

    private IReadOnlyList<PromQuery> Queries =>
        [.. DashboardFiles.Dashboards.SelectMany(dashboard => dashboard.Queries).Where(query => !query.Metrics.Overlaps(Elsewhere))];

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_query_of_every_dashboard_returns_data()
    {
        run.SkipWhenMissing();
        Assert.NotEmpty(Queries);
        var waiting = Queries.ToList();
        await UntilAsync(async () =>
        {
            foreach (var query in waiting.ToList())
            {
                if (await ReturnsDataAsync(query))
                    waiting.Remove(query);
            }
            return waiting.Count == 0;
        });
        Assert.True(waiting.Count == 0, $"No data for: {string.Join('\n', waiting)}\n{run.Circumstances}");
    }

    [Fact]
    public async Task Every_metric_is_one_that_somebody_has()
    {
        run.SkipWhenMissing();
        var known = await run.Prometheus.LabelValuesAsync("__name__", null, Test);
        Assert.Empty(DashboardFiles.Dashboards.SelectMany(dashboard => dashboard.Queries)
            .SelectMany(query => query.Metrics.Except(known).Except(Elsewhere).Select(name => $"{query}: {name}")));
    }

    [Fact]
    public async Task Every_variable_has_values()
    {
        run.SkipWhenMissing();
        foreach (var variable in DashboardFiles.Dashboards.SelectMany(dashboard => dashboard.Variables).Where(variable => Dashboard.Text(variable, "type") == "query"))
        {
            var query = LabelValues().Match(Dashboard.Text(variable, "definition"));
            Assert.True(query.Success, $"{variable}");
            Assert.Equal(query.Value, Dashboard.Text(variable.GetProperty("query"), "query"));
            var match = query.Groups["match"].Value.Replace("$cluster", Variables["cluster"], StringComparison.Ordinal);
            var values = await run.Prometheus.LabelValuesAsync(query.Groups["label"].Value, match, Test);
            Assert.Subset(values.ToHashSet(), (Dashboard.Text(variable, "name") switch
            {
                "cluster" => ["local"],
                "node" => (string[])["node-1", "node-2", "node-3"],
                _ => ["private", "broadcast", "ack", "dht", "ping"],
            }).ToHashSet());
        }
    }

    [Fact]
    public async Task A_dot_on_a_latency_graph_leads_to_a_trace()
    {
        run.SkipWhenMissing();
        var queries = Queries.Where(query => query.HasExemplars).ToList();
        Assert.NotEmpty(queries);
        Assert.All(queries, query => Assert.Contains("meshara_message_latency_seconds_bucket", query.Metrics));
        foreach (var asked in queries.SelectMany(Ask).Distinct())
        {
            var traces = await run.Prometheus.ExemplarsAsync(asked, run.Started, Test);
            Assert.NotEmpty(traces);
            Assert.All(traces, trace => Assert.Matches("^[0-9a-f]{32}$", trace));
        }
    }

    [Fact]
    public async Task A_span_leads_to_metrics_of_its_node()
    {
        run.SkipWhenMissing();
        var link = (Dictionary<object, object>)DashboardFiles.DataSources["jaeger"].JsonData["tracesToMetrics"];
        var queries = ((List<object>)link["queries"]).Select(query => (string)((Dictionary<object, object>)query)["query"]).ToList();
        Assert.NotEmpty(queries);
        foreach (var query in queries)
        {
            var asked = query.Replace("$$__tags", "node=\"node-1\"", StringComparison.Ordinal);
            Assert.True(await UntilAsync(() => run.Prometheus.HasDataAsync(asked, run.Started, Step, Test)), asked);
        }
    }

    [Fact]
    public async Task A_message_is_one_trace_in_Jaeger_from_its_sender_to_its_recipient()
    {
        run.SkipWithoutJaeger();
        var (sender, recipient) = (run.Nodes[0], run.Nodes[1]);

        var id = await sender.SendAsync(recipient, "follow me", Test);

        Assert.True(await UntilAsync(async () => (await run.Jaeger.TracesAsync("message_id", id, Test)).Any(trace =>
            JaegerApi.NodesOf(trace).IsSupersetOf([sender.Name, recipient.Name])
            && JaegerApi.Operations(trace).IsSupersetOf(["send_message", "send_to_peer", "receive_message", "deliver"]))), run.Circumstances);
    }

    [Theory]
    [InlineData("calls")]
    [InlineData("latencies")]
    public async Task The_monitor_tab_of_Jaeger_shows(string metric)
    {
        run.SkipWithoutJaeger();
        Assert.True(await UntilAsync(() => run.Jaeger.HasPointsAsync(metric, Test)), run.Circumstances);
    }

    [Fact]
    public async Task A_picture_shows_what_Prometheus_answers()
    {
        run.SkipWhenMissing();
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "overview.svg");
        string[] panels = ["Members up", "Connected Peers", "Message Throughput", "Message Latency", "Nodes by membership view", "Nodes"];
        await using var lab = new RunningProgram(HostProgram.Start(HostProgram.Lab,
        [
            "picture", Path.Combine(DashboardFiles.Folder, "meshara.json"), "--prometheus", run.Url.ToString(), "--last", "2m", "--out", file, .. panels.SelectMany(panel => (string[])["--panel", panel]),
        ]));

        Assert.True(await lab.ExitAsync(Test) == 0, lab.Output);
        var texts = XDocument.Load(file).Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value).ToHashSet();
        Assert.Subset(texts, panels.Concat(["node-1", "node-2", "node-3", "Sent - private", "≤ 1 s"]).ToHashSet());
    }

    private async Task<bool> ReturnsDataAsync(PromQuery query)
    {
        foreach (var asked in Ask(query))
        {
            if (query.IsInstant ? await run.Prometheus.HasDataAsync(asked, Test) : await run.Prometheus.HasDataAsync(asked, run.Started, Step, Test))
                return true;
        }
        return false;
    }

    // The dashboard of one node is tested with the node that has most traffic and the one that died.
    private static IEnumerable<string> Ask(PromQuery query) => query.Dashboard.Uid == "meshara-node"
        ? ((string[])["node-1", "node-3"]).Select(node => query.With(new Dictionary<string, string>(Variables) { ["node"] = node }))
        : [query.With(Variables)];

    /// <returns>False if it did not come true in time.</returns>
    private static async Task<bool> UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Test);
        limit.CancelAfter(Deadline);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (!await condition())
                await timer.WaitForNextTickAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException) when (!Test.IsCancellationRequested)
        {
            return false;
        }
    }

    [GeneratedRegex(@"\Alabel_values\((?<match>[^{,]+(\{[^}]*\})?), (?<label>\w+)\)\z")]
    private static partial Regex LabelValues();
}
