namespace Meshara.Tests.Dashboards;

/// <summary>The dashboards' Jaeger searches.</summary>
public sealed partial class QueryTests
{
    private static IReadOnlyList<TraceQuery> TraceQueries => [.. DashboardFiles.Dashboards.SelectMany(dashboard => dashboard.Panels).SelectMany(panel => panel.TraceQueries)];

    [Fact]
    public async Task Every_search_for_traces_finds_some_and_each_of_them_opens()
    {
        run.SkipWithoutJaeger();
        Assert.NotEmpty(TraceQueries);
        var waiting = TraceQueries.ToList();
        await UntilAsync(async () =>
        {
            foreach (var query in waiting.ToList())
            {
                if (await FindsTracesAsync(query))
                    waiting.Remove(query);
            }
            return waiting.Count == 0;
        });
        Assert.True(waiting.Count == 0, $"No trace for: {string.Join('\n', waiting)}\n{run.Circumstances}");
    }

    [Fact]
    public async Task A_line_and_the_trace_it_was_written_in_lead_to_each_other()
    {
        run.SkipWithoutJaeger();
        var source = (Dictionary<object, object>)DashboardFiles.DataSources["jaeger"].JsonData["tracesToLogsV2"];
        // Provisioning files escape $ as $$.
        var query = ((string)source["query"]).Replace("$${__trace.traceId}", "${trace}", StringComparison.Ordinal);

        var trace = "";
        Assert.True(await UntilAsync(async () => (trace = (await run.Jaeger.TracesAsync("message_id", run.Expired, Test)).Select(IdOf).FirstOrDefault() ?? "").Length > 0), run.Circumstances);
        var lines = Array.Empty<string?>();
        Assert.True(await UntilAsync(() =>
        {
            var asked = LuceneQuery.Parse(PromQuery.Replace(query, new Dictionary<string, string> { ["trace"] = trace }));
            Assert.Empty(asked.Faults(Mapping));
            lines = [.. run.LogDocuments().Where(asked.Matches).Select(line => LogQuery.Value(line, "message_id"))];
            return Task.FromResult(lines.Length > 0);
        }), run.Circumstances);
        Assert.Contains(run.Expired, lines);
        // The line's trace_id links to this trace.
        Assert.NotNull(await run.Jaeger.TraceAsync(trace, Test));
    }

    private async Task<bool> FindsTracesAsync(TraceQuery query)
    {
        foreach (var variables in Choices(query.Panel.Dashboard))
        {
            var found = await run.Jaeger.SearchAsync(query.Request(variables, run.Started, DateTimeOffset.UtcNow), Test);
            if (found.Count == 0)
                continue;
            foreach (var trace in found)
                Assert.Equal(IdOf(trace), await run.Jaeger.TraceAsync(IdOf(trace), Test) is { } opened ? IdOf(opened) : null);
            return true;
        }
        return false;
    }

    private static string IdOf(System.Text.Json.JsonElement trace) => trace.GetProperty("traceID").GetString()!;

    /// <summary>Choices that a user of a dashboard may have made: a node, and a failed message.</summary>
    private IEnumerable<IReadOnlyDictionary<string, string>> Choices(Dashboard dashboard) =>
        (dashboard.Uid == "meshara-node" ? (string[])["node-1", "node-3"] : [Variables["node"]])
        .Select(node => new Dictionary<string, string>(Variables) { ["node"] = node, ["message_id"] = run.Expired });
}
