using System.Text.Json;
using Meshara.Tests.Dashboards;

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
            var found = await observed.Jaeger.Api.TracesAsync("message_id", id, Test);
            trace = found.FirstOrDefault(one => JaegerApi.NodesOf(one).Count == 3);
            return trace.ValueKind == JsonValueKind.Object;
        });
        Assert.Equal(["node-1", "node-2", "node-3"], JaegerApi.NodesOf(trace).Order(StringComparer.Ordinal));
        Assert.Contains("broadcast_message", JaegerApi.Operations(trace));
    }

    [Fact]
    public async Task A_private_message_is_one_trace_from_its_sender_to_its_recipient()
    {
        var observed = await stack.UseAsync(ObservedMesh.StartAsync);
        var nodes = observed.Mesh.Nodes;

        var id = await nodes[2].Client.SendAsync(nodes[0].Client, "follow me", Test);
        await nodes[0].Client.ReceiveAsync("follow me", Test);

        await stack.UntilAsync("sender and recipient are in one trace", async () => (await observed.Jaeger.Api.TracesAsync("message_id", id, Test))
            .Any(trace => JaegerApi.NodesOf(trace).SetEquals(["node-1", "node-3"]) && JaegerApi.Operations(trace).IsSupersetOf(["send_message", "send_to_peer", "receive_message", "deliver"])));
    }

    [Fact]
    public async Task The_monitor_tab_shows_calls_and_latencies()
    {
        var observed = await stack.UseAsync(ObservedMesh.StartAsync);
        var nodes = observed.Mesh.Nodes;

        await stack.UntilAsync("Jaeger has rates and latencies", async () =>
        {
            // A rate needs two different scrapes.
            await nodes[0].Client.SendAsync(nodes[1].Client, "again", Test);
            return await observed.Jaeger.Api.HasPointsAsync("calls", Test) && await observed.Jaeger.Api.HasPointsAsync("latencies", Test);
        }, 2 * ContainerStack.Deadline);
    }
}
