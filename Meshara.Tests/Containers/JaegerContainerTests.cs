using System.Text.Json;

namespace Meshara.Tests.Containers;

/// <summary>Traces in Jaeger.</summary>
[Collection(ObservabilityCollection.Name)]
public sealed class JaegerContainerTests(ContainerStack stack) : IAsyncDisposable
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => stack.ReportAsync();

    [Fact]
    public async Task A_broadcast_is_one_trace_over_three_nodes()
    {
        var observed = await stack.UseAsync(ObservedMesh.StartAsync);
        var nodes = observed.Mesh.Nodes;

        var id = await nodes[0].Client.BroadcastAsync("to everybody", Test);
        await nodes[1].Client.ReceiveAsync("to everybody", Test);
        await nodes[2].Client.ReceiveAsync("to everybody", Test);

        JsonElement trace = default;
        await stack.UntilAsync("the trace is in Jaeger with spans of all three nodes", async () =>
        {
            var found = await observed.Jaeger.TracesAsync("message_id", id);
            trace = found.FirstOrDefault(one => NodesOf(one).Count == 3);
            return trace.ValueKind == JsonValueKind.Object;
        });
        Assert.Equal(["node-1", "node-2", "node-3"], NodesOf(trace).Order(StringComparer.Ordinal));
        Assert.Equal("broadcast_message", RootOf(trace));
    }

    [Fact]
    public async Task A_private_message_is_one_trace_from_its_sender_to_its_recipient()
    {
        var observed = await stack.UseAsync(ObservedMesh.StartAsync);
        var nodes = observed.Mesh.Nodes;

        var id = await nodes[2].Client.SendAsync(nodes[0].Client, "follow me", Test);
        await nodes[0].Client.ReceiveAsync("follow me", Test);

        await stack.UntilAsync("sender and recipient are in one trace", async () => (await observed.Jaeger.TracesAsync("message_id", id))
            .Any(trace => NodesOf(trace).SetEquals(["node-1", "node-3"]) && Operations(trace).IsSupersetOf(["send_message", "send_to_peer", "receive_message", "deliver"])));
    }

    [Fact]
    public async Task The_monitor_tab_shows_calls_and_latencies()
    {
        var observed = await stack.UseAsync(ObservedMesh.StartAsync);
        var nodes = observed.Mesh.Nodes;

        await stack.UntilAsync("Jaeger has rates and latencies", async () =>
        {
            // A rate needs two scrapes that differ.
            await nodes[0].Client.SendAsync(nodes[1].Client, "again", Test);
            return await HasPointsAsync("calls") && await HasPointsAsync("latencies", "&quantile=0.95");
        }, 2 * ContainerStack.Deadline);

        async Task<bool> HasPointsAsync(string metric, string more = "")
        {
            var path = $"api/metrics/{metric}?service=meshara&spanKind=producer&groupByOperation=true&endTs={DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}"
                + $"&lookback=300000&step=5000&ratePer=60000{more}";
            return (await observed.Jaeger.GetAsync(path)).GetProperty("metrics").EnumerateArray()
                .SelectMany(series => series.GetProperty("metricPoints").EnumerateArray())
                .Any(point => point.GetProperty("gaugeValue").TryGetProperty("doubleValue", out var value) && value.ValueKind == JsonValueKind.Number && value.GetDouble() > 0);
        }
    }

    private static HashSet<string> Operations(JsonElement trace) => [.. Spans(trace).Select(span => span.GetProperty("operationName").GetString()!)];

    private static string? RootOf(JsonElement trace) =>
        Spans(trace).FirstOrDefault(span => span.GetProperty("operationName").GetString() == "broadcast_message").GetProperty("operationName").GetString();

    // Nodes are the processes of a trace; their names are among the process's tags.
    private static HashSet<string> NodesOf(JsonElement trace) =>
    [
        .. trace.GetProperty("processes").EnumerateObject().SelectMany(process => process.Value.GetProperty("tags").EnumerateArray())
            .Where(tag => tag.GetProperty("key").GetString() == "meshara.node.name")
            .Select(tag => tag.GetProperty("value").GetString()!),
    ];

    private static JsonElement.ArrayEnumerator Spans(JsonElement trace) => trace.GetProperty("spans").EnumerateArray();
}
