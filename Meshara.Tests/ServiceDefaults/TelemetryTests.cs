using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Meshara.Tests.ServiceDefaults;

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
    public async Task All_three_signals_reach_the_endpoint_by_either_protocol(string protocol, string traces, string metrics, string logs)
    {
        await using var collector = await Collector.StartAsync(grpc: protocol == "grpc");
        await using var service = await TestService.StartAsync(settings: new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol,
        });

        Emit(service);

        Assert.Equal(((string[])[traces, metrics, logs]).Order(StringComparer.Ordinal), collector.Received.Keys.Order(StringComparer.Ordinal));
        // Protobuf carries strings as they are: the resource is the same for all three.
        Assert.All(collector.Received.Values, body => Assert.Contains("node_0001", body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_signals_own_endpoint_exports_that_signal_alone()
    {
        await using var collector = await Collector.StartAsync(grpc: false);
        await using var service = await TestService.StartAsync(settings: new()
        {
            ["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"] = new Uri(collector.Address, "/some/logs").ToString(),
            ["OTEL_EXPORTER_OTLP_LOGS_PROTOCOL"] = "http/protobuf",
        });

        Emit(service);

        Assert.Equal(["/some/logs"], collector.Received.Keys);
    }

    [Fact]
    public async Task Nothing_is_exported_without_an_endpoint()
    {
        await using var service = await TestService.StartAsync();

        Assert.Null(service.Services.GetService<LoggerProvider>());
        Assert.Single(service.Services.GetServices<ILoggerProvider>());
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

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Sent", EventName = "Sent")]
        public static partial void Sent(ILogger logger);
    }

    private sealed class Collect(Action<Activity> onEnd) : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data) => onEnd(data);
    }

    /// <summary>Accepts OTLP on a free port and remembers what came to which path.</summary>
    private sealed class Collector(WebApplication app, ConcurrentDictionary<string, string> received) : IAsyncDisposable
    {
        public ConcurrentDictionary<string, string> Received => received;

        public Uri Address => new(app.Urls.Single());

        public static async Task<Collector> StartAsync(bool grpc)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
                listen.Protocols = grpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
            var app = builder.Build();
            var received = new ConcurrentDictionary<string, string>();
            app.Run(async context =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body, context.RequestAborted);
                received[context.Request.Path.Value!] = System.Text.Encoding.Latin1.GetString(body.ToArray());
                if (!grpc)
                    return;
                context.Response.ContentType = "application/grpc";
                await context.Response.Body.WriteAsync(new byte[5], context.RequestAborted); // an empty message, uncompressed
                context.Response.AppendTrailer("grpc-status", "0");
            });
            await app.StartAsync(TestContext.Current.CancellationToken);
            return new Collector(app, received);
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
