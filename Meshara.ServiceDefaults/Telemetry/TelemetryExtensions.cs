using Meshara.ServiceDefaults.Health;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Meshara.ServiceDefaults.Telemetry;

internal static class TelemetryExtensions
{
    /// <summary>Share of new traces that are recorded outside Development.</summary>
    private const double ProductionSampling = 0.05;

    /// <summary>OpenTelemetry metrics and traces, and export by OTLP of every signal that has an endpoint.</summary>
    public static IHostApplicationBuilder AddDefaultTelemetry(this IHostApplicationBuilder builder, ServiceDefaultsOptions options)
    {
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => Describe(resource, options, builder.Environment))
            .AddDefaultMetrics(builder, options)
            .AddDefaultTracing(builder, options)
            .AddLogExport(builder);
        return builder;
    }

    private static void Describe(ResourceBuilder resource, ServiceDefaultsOptions options, IHostEnvironment environment) => resource
        .AddAttributes([new("deployment.environment.name", environment.EnvironmentName.ToLowerInvariant())])
        .AddEnvironmentVariableDetector()
        .AddService(options.ServiceName!, serviceVersion: options.ServiceVersion, serviceInstanceId: options.InstanceId,
            autoGenerateServiceInstanceId: options.InstanceId is null)
        .AddAttributes(options.ResourceAttributes);

    private static IOpenTelemetryBuilder AddDefaultMetrics(
        this IOpenTelemetryBuilder telemetry, IHostApplicationBuilder builder, ServiceDefaultsOptions options) => telemetry.WithMetrics(metrics =>
    {
        metrics.AddMeter([.. options.Meters])
            .AddRuntimeInstrumentation()
            .AddAspNetCoreInstrumentation()
            .AddHttpClientInstrumentation()
            // Names are unique already; otel_scope_name and _version on every series are not labels of the contract.
            .AddPrometheusExporter(prometheus => prometheus.ScopeInfoEnabled = false);
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_METRICS_EXEMPLAR_FILTER"]))
            metrics.SetExemplarFilter(ExemplarFilterType.TraceBased);
        var otlp = new OtlpExport(builder.Configuration, "METRICS");
        if (otlp.IsEnabled)
            metrics.AddOtlpExporter(otlp.Configure);
    });

    private static IOpenTelemetryBuilder AddDefaultTracing(
        this IOpenTelemetryBuilder telemetry, IHostApplicationBuilder builder, ServiceDefaultsOptions options) => telemetry.WithTracing(tracing =>
    {
        tracing.AddSource([.. options.ActivitySources])
            .AddAspNetCoreInstrumentation(requests => requests.Filter = IsNoProbe)
            .AddHttpClientInstrumentation();
        // A sampler set here would win over the variable.
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_TRACES_SAMPLER"]))
        {
            tracing.SetSampler(new ParentBasedSampler(
                builder.Environment.IsDevelopment() ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ProductionSampling)));
        }
        var otlp = new OtlpExport(builder.Configuration, "TRACES");
        if (otlp.IsEnabled)
            tracing.AddOtlpExporter(otlp.Configure);
    });

    private static void AddLogExport(this IOpenTelemetryBuilder telemetry, IHostApplicationBuilder builder)
    {
        var otlp = new OtlpExport(builder.Configuration, "LOGS");
        if (!otlp.IsEnabled)
            return;
        telemetry.WithLogging(
            logs => logs.AddOtlpExporter(otlp.Configure),
            records => (records.IncludeFormattedMessage, records.IncludeScopes) = (true, true));
    }

    // Probes and scrapes come every few seconds from every watcher: as traces they would bury the others.
    private static bool IsNoProbe(HttpContext context) => context.Request.Path.Value is not
        (HealthEndpoints.HealthPath or HealthEndpoints.ReadyPath or HealthEndpoints.LivePath or MetricsEndpoint.Path);
}
