using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Meshara.Tests.Otlp;
using Meshara.Tests.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Meshara.Tests.ServiceDefaults;

[Collection(Telemetry.ExportCollection.Name)]
public sealed partial class TelemetryTests
{
    [Theory]
    [InlineData("Development", null, null, 400, 400)]
    [InlineData("Production", null, null, 1, 100)] // 5 % of 400; the odds of leaving this range are below one in a billion
    [InlineData("Production", "always_on", null, 400, 400)]
    [InlineData("Development", "always_off", null, 0, 0)]
    [InlineData("Development", "parentbased_traceidratio", "0.0", 0, 0)]
    public async Task New_traces_are_sampled_by_environment_unless_the_variable_says_otherwise(
        string environment, string? sampler, string? argument, int atLeast, int atMost)
    {
        await using var service = await TestService.StartAsync(environment: environment, settings: new()
        {
            ["OTEL_TRACES_SAMPLER"] = sampler,
            ["OTEL_TRACES_SAMPLER_ARG"] = argument,
        });
        Activity.Current = null;

        var recorded = 0;
        for (var i = 0; i < 400; i++)
        {
            using var activity = service.Source.StartActivity("send_message");
            if (activity is { Recorded: true })
                recorded++;
        }

        Assert.InRange(recorded, atLeast, atMost);
    }

    [Fact]
    public async Task Requests_are_traced_but_probes_and_scrapes_are_not()
    {
        var finished = new ConcurrentQueue<Activity>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var service = await TestService.StartAsync(build: builder => builder.Services.ConfigureOpenTelemetryTracerProvider(tracing =>
            tracing.AddProcessor(new Collect(activity =>
            {
                if (activity.Kind != ActivityKind.Server)
                    return;
                finished.Enqueue(activity);
                if (activity.GetTagItem("url.path") is "/nowhere")
                    done.TrySetResult();
            }))));

        foreach (var path in (string[])["/health", "/ready", "/live", "/metrics", "/nowhere"])
            (await service.GetAsync(path)).Dispose();
        await done.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(["/nowhere"], finished.Select(activity => activity.GetTagItem("url.path")));
    }

    [Theory]
    [InlineData("http/protobuf", "/v1/traces", "/v1/metrics", "/v1/logs")]
    [InlineData("grpc", "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "/opentelemetry.proto.collector.logs.v1.LogsService/Export")]
    public async Task All_three_signals_reach_the_endpoint_by_either_protocol(string protocol, params string[] paths)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var service = await TestService.StartAsync(settings: Export(receiver, protocol));

        Emit(service);

        Assert.Empty(receiver.Faults);
        Assert.Equal(paths.Order(StringComparer.Ordinal), receiver.Paths.Distinct().Order(StringComparer.Ordinal));
        var span = Assert.Single(receiver.Spans, span => span.Name == "send_message");
        var metric = Assert.Single(receiver.Metrics, metric => metric.Name == "meshara.messages.sent");
        var log = Assert.Single(receiver.Logs, log => log.EventName == "Sent");
        Assert.Equal((span.TraceId, span.SpanId), (log.TraceId, log.SpanId));
        Assert.Equal(("counter", 1), (metric.Type, metric.Points.Single().Value));
        Assert.All([span.Origin, metric.Origin, log.Origin], origin => Assert.Equal(
            ("meshara", "node_0001", "1.2.3", "node-1", "development"),
            (origin.Resource["service.name"], origin.Resource["service.instance.id"], origin.Resource["service.version"],
                origin.Resource["meshara.node.name"], origin.Resource["deployment.environment.name"])));
    }

    [Fact]
    public async Task A_signals_own_endpoint_exports_that_signal_alone()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var service = await TestService.StartAsync(settings: new()
        {
            ["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"] = new Uri(receiver.Http, "/some/logs").ToString(),
            ["OTEL_EXPORTER_OTLP_LOGS_PROTOCOL"] = "http/protobuf",
        });

        Emit(service);

        Assert.Equal(["/some/logs"], receiver.Paths);
        Assert.NotEmpty(receiver.Logs);
    }

    [Fact]
    public async Task The_environment_names_the_service_but_a_second_place_knows_it_by_its_own_name()
    {
        await using var first = await OtlpReceiver.StartAsync();
        await using var second = await OtlpReceiver.StartAsync();
        await using var service = await TestService.StartAsync(settings: new(Export(first, "http/protobuf"))
        {
            ["OTEL_SERVICE_NAME"] = "node-7",
            ["OTEL_RESOURCE_ATTRIBUTES"] = "service.instance.id=abc,team=mesh",
            ["MESHARA_OTLP_TRACES_ENDPOINT"] = new Uri(second.Http, "/v1/traces").ToString(),
            ["MESHARA_OTLP_TRACES_PROTOCOL"] = "http/protobuf",
        });

        Emit(service);

        var named = Assert.Single(first.Spans, span => span.Name == "send_message").Origin.Resource;
        Assert.Equal(("node-7", "abc", "mesh", "node-1"), (named["service.name"], named["service.instance.id"], named["team"], named["meshara.node.name"]));
        var own = Assert.Single(second.Spans, span => span.Name == "send_message").Origin.Resource;
        Assert.Equal(("meshara", "node_0001", "node-1"), (own["service.name"], own["service.instance.id"], own["meshara.node.name"]));
    }

    [Fact]
    public async Task Traces_alone_go_to_a_second_place_too_without_the_headers_of_the_first()
    {
        await using var first = await OtlpReceiver.StartAsync();
        await using var second = await OtlpReceiver.StartAsync();
        await using var service = await TestService.StartAsync(settings: new(Export(first, "http/protobuf"))
        {
            ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-otlp-api-key=first",
            ["MESHARA_OTLP_TRACES_ENDPOINT"] = new Uri(second.Http, "/v1/traces").ToString(),
            ["MESHARA_OTLP_TRACES_PROTOCOL"] = "http/protobuf",
        });

        Emit(service);

        Assert.Equal(["/v1/traces"], second.Paths.Distinct());
        Assert.Contains(first.Spans, span => span.Name == "send_message");
        Assert.Contains(second.Spans, span => span.Name == "send_message");
        Assert.NotEmpty(first.Logs);
    }

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task An_export_that_is_refused_is_counted_once_for_its_signal(string protocol)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var service = await TestService.StartAsync(settings: Export(receiver, protocol));
        Assert.Equal((long[])[0, 0, 0], await FailuresAsync(service));

        receiver.Refusing = true;
        Emit(service);

        await Condition.HoldsAsync(async () => (await FailuresAsync(service)).SequenceEqual([1, 1, 1]));
        receiver.Refusing = false;
        Emit(service);
        Assert.NotEmpty(receiver.Spans);
        Assert.Equal((long[])[1, 1, 1], await FailuresAsync(service));
    }

    [Fact]
    public async Task A_collector_that_never_answers_holds_nobody_up_and_its_batches_are_counted_as_given_up()
    {
        using var blackHole = new TcpListener(IPAddress.Loopback, 0);
        await using var service = await StartWithSilentCollectorAsync(blackHole, queue: 64);
        Activity.Current = null;

        // Many times the size of the queue; if the service waited for the collector, this would take a timeout for every 32 of them.
        for (var i = 0; i < 100_000; i++)
            service.Source.StartActivity("send_message")?.Dispose();

        await Condition.HoldsAsync(async () => (await FailuresAsync(service)) is [> 0]);
    }

    [Fact]
    public async Task Spans_that_the_queue_has_no_room_for_are_counted_as_dropped()
    {
        using var blackHole = new TcpListener(IPAddress.Loopback, 0);
        await using var service = await StartWithSilentCollectorAsync(blackHole, queue: 32);
        Activity.Current = null;

        for (var i = 0; i < 1_000; i++)
            service.Source.StartActivity("send_message")?.Dispose();

        // At most one batch is being exported, and one waits.
        await Condition.HoldsAsync(async () =>
        {
            using var response = await service.GetAsync("/metrics");
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            return Processed().Matches(text).Where(match => match.Groups["labels"].Value.Contains("error_type=\"queue_full\"", StringComparison.Ordinal))
                .Sum(match => long.Parse(match.Groups["spans"].ValueSpan, CultureInfo.InvariantCulture)) >= 1_000 - (2 * 32);
        });
    }

    [Fact]
    public async Task Log_lines_are_counted_by_level_from_the_start()
    {
        await using var service = await TestService.StartAsync();
        var before = await LinesAsync(service);
        Assert.Equal(["debug", "error", "info", "trace", "warn"], before.Keys.Order(StringComparer.Ordinal));

        Log.Sent(service.Logger("Meshara.Node.Transport"));
        Log.Failed(service.Logger("Meshara.Node.Transport"));
        Log.Failed(service.Logger("Meshara.Node.Transport"));

        await Condition.HoldsAsync(async () => await LinesAsync(service) is var after
            && (1, 2, 0) == (after["info"] - before["info"], after["error"] - before["error"], after["debug"] - before["debug"]));
    }

    [Fact]
    public async Task Without_export_there_is_no_count_of_failures()
    {
        await using var service = await TestService.StartAsync();
        Assert.Empty(await FailuresAsync(service));
    }

    [Theory]
    [InlineData(ActivityKind.Consumer, true, null, 1, 100)] // a peer's message: the node's own 5 %
    [InlineData(ActivityKind.Internal, true, null, 1, 100)]
    [InlineData(ActivityKind.Server, true, null, 400, 400)] // the decision of an API caller is respected
    [InlineData(ActivityKind.Consumer, false, null, 0, 0)]
    [InlineData(ActivityKind.Server, false, null, 0, 0)]
    [InlineData(ActivityKind.Consumer, true, "parentbased_always_on", 400, 400)] // the operator's choice
    public async Task A_peer_that_marks_everything_as_sampled_gets_no_more_recorded_than_the_ratio(
        ActivityKind kind, bool sampled, string? sampler, int atLeast, int atMost)
    {
        await using var service = await TestService.StartAsync(environment: "Production", settings: new() { ["OTEL_TRACES_SAMPLER"] = sampler });
        Activity.Current = null;

        var recorded = 0;
        for (var i = 0; i < 400; i++)
        {
            var parent = new ActivityContext(
                ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), sampled ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None, isRemote: true);
            using var first = service.Source.StartActivity("receive_message", kind, parent);
            using var child = service.Source.StartActivity("verify");
            using var second = service.Source.StartActivity("receive_message", kind, parent);
            Assert.Equal(first is { Recorded: true }, second is { Recorded: true }); // decided by the trace id alone
            Assert.Equal(first is { Recorded: true }, child is { Recorded: true });
            if (first is { Recorded: true })
                recorded++;
        }

        Assert.InRange(recorded, atLeast, atMost);
    }

    [Fact]
    public async Task Nothing_is_exported_without_an_endpoint()
    {
        await using var service = await TestService.StartAsync();

        Assert.Null(service.Services.GetService<LoggerProvider>());
        Assert.Single(service.Services.GetServices<ILoggerProvider>());
    }

    /// <summary>A service whose collector accepts connections and never answers.</summary>
    private static async Task<TestService> StartWithSilentCollectorAsync(TcpListener collector, int queue)
    {
        collector.Start();
        return await TestService.StartAsync(settings: new()
        {
            ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = $"http://{collector.LocalEndpoint}/v1/traces",
            ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf",
            ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"] = "500",
            ["OTEL_BSP_MAX_QUEUE_SIZE"] = $"{queue}",
            ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] = "32",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "50",
        });
    }

    private static void Emit(TestService service)
    {
        service.Meter.CreateCounter<long>("meshara.messages.sent").Add(1);
        using (service.Source.StartActivity("send_message"))
            Log.Sent(service.Logger("Meshara.Node.Transport"));
        service.Services.GetRequiredService<TracerProvider>().ForceFlush(30_000);
        service.Services.GetRequiredService<MeterProvider>().ForceFlush(30_000);
        service.Services.GetService<LoggerProvider>()?.ForceFlush(30_000);
    }

    private static Dictionary<string, string?> Export(OtlpReceiver receiver, string protocol) => new()
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = (protocol == "grpc" ? receiver.Grpc : receiver.Http).ToString(),
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol,
    };

    /// <summary>The values of the counter in a scrape; empty if it is not there.</summary>
    private static async Task<long[]> FailuresAsync(TestService service)
    {
        using var response = await service.GetAsync("/metrics");
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return [.. FailureCount().Matches(text).Select(match => long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture))];
    }

    [GeneratedRegex("""^meshara_telemetry_export_failures_total\{signal="(?:traces|metrics|logs)"\} (\d+)""", RegexOptions.Multiline)]
    private static partial Regex FailureCount();

    private static async Task<Dictionary<string, long>> LinesAsync(TestService service)
    {
        using var response = await service.GetAsync("/metrics");
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return Lines().Matches(text).ToDictionary(match => match.Groups["level"].Value, match => long.Parse(match.Groups["lines"].ValueSpan, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex("""^meshara_log_lines_total\{level="(?<level>[a-z]+)"\} (?<lines>\d+)""", RegexOptions.Multiline)]
    private static partial Regex Lines();

    [GeneratedRegex(@"^otel_sdk_processor_span_processed_total\{(?<labels>[^}]*)\} (?<spans>\d+)", RegexOptions.Multiline)]
    private static partial Regex Processed();

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Sent", EventName = "Sent")]
        public static partial void Sent(ILogger logger);

        [LoggerMessage(2, LogLevel.Error, "Failed", EventName = "Failed")]
        public static partial void Failed(ILogger logger);
    }

    private sealed class Collect(Action<Activity> onEnd) : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data) => onEnd(data);
    }
}
