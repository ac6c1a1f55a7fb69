using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using Meshara.Node.Delivery;
using Meshara.Node.Protocol;
using Meshara.Node.Telemetry;
using Meshara.ServiceDefaults.Diagnostics;
using Meshara.Tests.Mesh;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Meshara.Tests.Telemetry;

/// <summary>Costs that telemetry must not have, as far as they can be tested without a clock.</summary>
[Collection(ExportCollection.Name)]
public sealed class CostTests
{
    [Fact]
    public void Nothing_is_allocated_to_count_or_to_measure_a_message()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var provider = Sdk.CreateMeterProviderBuilder()
            .AddMeter(MeshTelemetry.Name)
            .SetExemplarFilter(ExemplarFilterType.TraceBased)
            .AddReader(new PeriodicExportingMetricReader(new Forget()))
            .Build();
        using var telemetry = new MeshTelemetry(services.GetRequiredService<IMeterFactory>());
        Measure(telemetry); // creates the series and compiles the code

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            Measure(telemetry);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task A_message_that_is_not_recorded_writes_no_line_above_debug()
    {
        await using var mesh = new MeshFixture(
            ("MESHARA_LOG", "off,meshara=debug"), ("Diagnostics:Enabled", "true"), ("Diagnostics:MaxLogs", "100000"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0"));
        var nodes = await mesh.StartManyAsync(2);
        await mesh.AreAllConnectedAsync();
        for (var i = 0; i < 50; i++)
            Assert.Equal(MessageState.Acknowledged, (await nodes[0].EndsAsync(await nodes[0].SendAsync(nodes[1], $"message {i}"))).State);

        var lines = nodes.SelectMany(node => node.Get<RecentLogs>().Newest()).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("message_id", out _)).ToList();
        Assert.True(lines.Count >= 200, $"each message is created, routed, received and delivered, but there are only {lines.Count} lines");
        Assert.All(lines, line => Assert.Equal("DEBUG", line.GetProperty("level").GetString()));
    }

    [Fact]
    public async Task A_node_without_the_SDK_delivers_and_listens_to_nothing()
    {
        await using var mesh = new MeshFixture(("OTEL_SDK_DISABLED", "true"));
        var nodes = await mesh.StartManyAsync(2);
        await mesh.AreAllConnectedAsync();
        Assert.Equal(MessageState.Acknowledged, (await nodes[0].EndsAsync(await nodes[0].SendAsync(nodes[1], "all the same"))).State);

        using var client = new HttpClient();
        using var scraped = await client.GetAsync(new Uri(nodes[0].Http, "/metrics"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, scraped.StatusCode); // a scraper must not mistake it for a node without metrics
    }

    /// <summary>Records on all instruments that a message passes, in good and bad cases.</summary>
    private static void Measure(MeshTelemetry telemetry)
    {
        telemetry.Sent(Tags.Private);
        telemetry.Received(Tags.Private);
        telemetry.Forwarded(MessageType.Private);
        telemetry.Dropped(DropReason.Duplicate);
        telemetry.Attempt(AttemptOutcome.Acknowledged);
        telemetry.Completed(Completion.Acknowledged);
        telemetry.Error(ErrorType.Timeout);
        telemetry.ConnectionError(CloseReason.Network);
        telemetry.ConnectionOpened(outbound: true, TimeSpan.FromMilliseconds(3));
        telemetry.ConnectionClosed(outbound: true, CloseReason.Remote);
        telemetry.BytesIn(400);
        telemetry.BytesOut(400);
        telemetry.MessageLatency(TimeSpan.FromMilliseconds(1));
        telemetry.BroadcastPropagation(TimeSpan.FromMilliseconds(1));
        telemetry.Sent(MessagingOperation.Send, TimeSpan.FromMilliseconds(1));
        telemetry.Sent(MessagingOperation.Send, TimeSpan.FromMilliseconds(1), "expired");
        telemetry.Processed(MessagingOperation.Receive, TimeSpan.FromMilliseconds(1));
        telemetry.Processed(MessagingOperation.Receive, TimeSpan.FromMilliseconds(1), "no such error");
        telemetry.MessageHops(MessageType.Private, 0);
        telemetry.Lookup(found: true, TimeSpan.FromMilliseconds(1), rounds: 2);
    }

    private sealed class Forget : BaseExporter<Metric>
    {
        public override ExportResult Export(in Batch<Metric> batch) => ExportResult.Success;
    }
}
