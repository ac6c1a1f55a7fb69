using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Meshara.ServiceDefaults.Health;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Meshara.ServiceDefaults.Telemetry;

internal static class TelemetryExtensions
{
    // The SDK's own, experimental meter. It counts the outcome of every span and log record, including those a full queue dropped.
    private const string SdkMeterName = "otel.sdk.experimental";

    private static readonly string[] Signals = [OtlpExport.Traces, OtlpExport.Metrics, OtlpExport.Logs];

    /// <summary>Adds OpenTelemetry metrics and traces, and OTLP export of every signal that has an endpoint.</summary>
    public static IHostApplicationBuilder AddDefaultTelemetry(this IHostApplicationBuilder builder, ServiceDefaultsOptions options)
    {
        var ignored = TelemetryNotices.Ignore(builder.Configuration);
        var isDisabled = IsDisabled(builder.Configuration);
        builder.Services.AddHostedService(services => new TelemetryNotices(ignored, isDisabled, services.GetRequiredService<ILogger<TelemetryNotices>>()));
        var sampling = TraceSampling.From(builder.Configuration, builder.Environment.IsDevelopment());
        builder.Services.AddSingleton(sampling);
        if (!isDisabled)
            sampling.Kept = HoldTraces(builder, options, sampling);
        string[] exported = [.. Signals.Where(signal => IsExported(builder.Configuration, signal))];
        builder.Services.AddSingleton(services => new ExportFailures(services.GetRequiredService<IMeterFactory>(), exported));
        var telemetry = builder.Services.AddOpenTelemetry()
            // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win, as the standard requires: the operator may name the
            // service otherwise.
            .ConfigureResource(resource => Describe(resource, options, builder.Environment).AddEnvironmentVariableDetector())
            .AddDefaultMetrics(builder, options);
        if (!sampling.IsOff)
            telemetry.AddDefaultTracing(builder, options, sampling);
        telemetry.AddLogExport(builder);
        return builder;
    }

    /// <summary>Null if holding traces is disabled or would have no effect.</summary>
    private static KeptTraces? HoldTraces(IHostApplicationBuilder builder, ServiceDefaultsOptions options, TraceSampling sampling)
    {
        var keeping = builder.Configuration.GetSection("Traces").Get<TraceKeepingOptions>() ?? new TraceKeepingOptions();
        return keeping.KeepFailedAndSlow && !sampling.IsOff && IsExported(builder.Configuration, OtlpExport.Traces)
            ? new KeptTraces(keeping, options.ActivitySources, TimeProvider.System)
            : null;
    }

    /// <summary>True if <c>OTEL_SDK_DISABLED</c> turns off everything except logs on standard output and in files.</summary>
    public static bool IsDisabled(IConfiguration configuration) =>
        string.Equals(configuration[TelemetryVariables.Disabled], "true", StringComparison.OrdinalIgnoreCase);

    private static bool IsExported(IConfiguration configuration, string signal) =>
        signal == OtlpExport.Traces ? OtlpExport.AllTraces(configuration).Count > 0 : new OtlpExport(configuration, signal).IsEnabled;

    private static ResourceBuilder Describe(ResourceBuilder resource, ServiceDefaultsOptions options, IHostEnvironment environment) => resource
        .AddAttributes([new("deployment.environment.name", environment.EnvironmentName.ToLowerInvariant())])
        .AddService(options.ServiceName!, serviceVersion: options.ServiceVersion, serviceInstanceId: options.InstanceId,
            autoGenerateServiceInstanceId: options.InstanceId is null)
        .AddAttributes(options.ResourceAttributes);

    private static IOpenTelemetryBuilder AddDefaultMetrics(
        this IOpenTelemetryBuilder telemetry, IHostApplicationBuilder builder, ServiceDefaultsOptions options) => telemetry.WithMetrics(metrics =>
    {
        metrics.AddMeter([.. options.Meters])
            .AddMeter(ExportFailures.MeterName)
            .AddMeter(SdkMeterName)
            .AddMeter(ProcessStart.MeterName)
            .AddInstrumentation(services => new ProcessStart(services.GetRequiredService<IMeterFactory>()))
            .AddRuntimeInstrumentation()
            .AddAspNetCoreInstrumentation()
            .AddHttpClientInstrumentation()
            // By default the SDK allocates memory for 2,000 series of each metric up front, 11 MB in a node.
            .AddView(_ => new MetricStreamConfiguration { CardinalityLimit = options.MaxSeriesPerMetric })
            // Names are unique already, and the contract has no labels otel_scope_name and otel_scope_version.
            .AddPrometheusExporter(prometheus => prometheus.ScopeInfoEnabled = false);
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_METRICS_EXEMPLAR_FILTER"]))
            metrics.SetExemplarFilter(ExemplarFilterType.TraceBased);
        var otlp = new OtlpExport(builder.Configuration, OtlpExport.Metrics);
        if (otlp.IsEnabled)
            metrics.AddReader(services => MetricReader(services, otlp));
    });

    private static void AddDefaultTracing(
        this IOpenTelemetryBuilder telemetry, IHostApplicationBuilder builder, ServiceDefaultsOptions options, TraceSampling sampling) => telemetry.WithTracing(tracing =>
    {
        tracing.AddSource([.. options.ActivitySources])
            .AddAspNetCoreInstrumentation(requests => requests.Filter = IsNoProbe)
            .AddHttpClientInstrumentation()
            .SetSampler(sampling.Sampler);
        if (sampling.Kept is { } kept)
            tracing.AddProcessor(kept);
        foreach (var otlp in OtlpExport.AllTraces(builder.Configuration))
        {
            tracing.AddProcessor(services =>
            {
                BaseProcessor<Activity> exporter = otlp.IsSecond
                    ? new RenamingProcessor(SpanProcessor(services, otlp), Describe(ResourceBuilder.CreateDefault().Clear(), options, builder.Environment))
                    : SpanProcessor(services, otlp);
                return sampling.Kept?.Feed(exporter) ?? exporter;
            });
        }
    });

    private static void AddLogExport(this IOpenTelemetryBuilder telemetry, IHostApplicationBuilder builder)
    {
        var otlp = new OtlpExport(builder.Configuration, OtlpExport.Logs);
        if (!otlp.IsEnabled)
            return;
        telemetry.WithLogging(
            logs => logs.AddProcessor(services => LogProcessor(services, otlp)),
            records => (records.IncludeFormattedMessage, records.IncludeScopes) = (true, true));
    }

    // The methods below do what AddOtlpExporter does, with exporters that count their failures. The queues are bounded and
    // never block: OTEL_BSP_MAX_QUEUE_SIZE and OTEL_BLRP_MAX_QUEUE_SIZE (2048 each) limit what waits for a slow or dead exporter.

    private static BatchActivityExportProcessor SpanProcessor(IServiceProvider services, OtlpExport otlp)
    {
        var batch = Options<BatchExportActivityProcessorOptions>(services);
        return new BatchActivityExportProcessor(
            new CountingTraceExporter(otlp.CreateOptions(), services.GetRequiredService<ExportFailures>()),
            batch.MaxQueueSize, batch.ScheduledDelayMilliseconds, batch.ExporterTimeoutMilliseconds, Math.Min(batch.MaxExportBatchSize, batch.MaxQueueSize));
    }

    private static CompositeProcessor<LogRecord> LogProcessor(IServiceProvider services, OtlpExport otlp)
    {
        var batch = Options<LogRecordExportProcessorOptions>(services).BatchExportProcessorOptions;
        var exporter = new OtlpLogExporter(otlp.CreateOptions());
        return new CompositeProcessor<LogRecord>(
        [
            new BatchLogRecordExportProcessor(
                new CountingLogExporter(exporter, services.GetRequiredService<ExportFailures>()),
                batch.MaxQueueSize, batch.ScheduledDelayMilliseconds, batch.ExporterTimeoutMilliseconds, Math.Min(batch.MaxExportBatchSize, batch.MaxQueueSize)),
            new ProviderOf(exporter),
        ]);
    }

    private static PeriodicExportingMetricReader MetricReader(IServiceProvider services, OtlpExport otlp)
    {
        var reader = Options<MetricReaderOptions>(services);
        var periodic = reader.PeriodicExportingMetricReaderOptions;
        var preference = services.GetRequiredService<IConfiguration>()["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"];
        return new PeriodicExportingMetricReader(
            new CountingMetricExporter(otlp.CreateOptions(), services.GetRequiredService<ExportFailures>()),
            periodic.ExportIntervalMilliseconds ?? 60_000, periodic.ExportTimeoutMilliseconds ?? 30_000)
        {
            TemporalityPreference = Enum.TryParse<MetricReaderTemporalityPreference>(preference, ignoreCase: true, out var named) ? named : reader.TemporalityPreference,
        };
    }

    private static T Options<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(IServiceProvider services)
        where T : class => services.GetRequiredService<IOptionsMonitor<T>>().CurrentValue;

    // Every watcher probes or scrapes every few seconds; such traces would bury the others.
    private static bool IsNoProbe(HttpContext context) => context.Request.Path.Value is not
        (HealthEndpoints.HealthPath or HealthEndpoints.ReadyPath or HealthEndpoints.LivePath or MetricsEndpoint.Path);
}
