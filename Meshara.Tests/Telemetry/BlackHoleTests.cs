using System.Net;
using System.Net.Sockets;
using Meshara.Node.Delivery;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Telemetry;

[Collection(ExportCollection.Name)]
public sealed class BlackHoleTests
{
    [Fact]
    public async Task Messages_are_delivered_although_the_collector_never_answers()
    {
        using var blackHole = new TcpListener(IPAddress.Loopback, 0); // accepts and says nothing
        blackHole.Start();
        await using var mesh = new MeshFixture(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://{blackHole.LocalEndpoint}"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "500"), ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "64"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "32"), ("OTEL_BSP_SCHEDULE_DELAY", "50"));
        var nodes = await mesh.StartManyAsync(2);
        await mesh.AreAllConnectedAsync();

        // Their spans exceed the queue's capacity many times over.
        for (var i = 0; i < 200; i++)
            Assert.Equal(MessageState.Acknowledged, (await nodes[0].EndsAsync(await nodes[0].SendAsync(nodes[1], $"message {i}"))).State);

        using var client = new HttpClient();
        await Eventually.TrueAsync(async () =>
            (await client.GetStringAsync(new Uri(nodes[0].Http, "/metrics"), TestContext.Current.CancellationToken)).Split('\n')
            .Any(line => line.StartsWith("meshara_telemetry_export_failures_total{signal=\"traces\"} ", StringComparison.Ordinal) && !line.Contains("} 0", StringComparison.Ordinal)),
            "the batches given up are counted");
    }
}
