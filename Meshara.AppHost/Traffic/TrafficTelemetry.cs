using System.Diagnostics.Metrics;
using Meshara.Harness.Traffic;
using Microsoft.Extensions.Configuration;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Meshara.AppHost.Traffic;

/// <summary>
/// What traffic tells of itself in Aspire's dashboard: a trace begins with the request that hands a message to a node, and counts are
/// metrics. Of much traffic it traces a part; the nodes follow the decision (W3C trace context, sampled flag).
/// </summary>
internal sealed class TrafficTelemetry : IDisposable
{
    // Traces a second that two processors record and show without delaying the messages.
    private const double TracesPerSecond = 5;

    private readonly Meter _meter = new(TrafficGenerator.Name);
    private readonly TracerProvider _traces;
    private readonly MeterProvider _metrics;

    /// <param name="control">Says how much traffic there is.</param>
    /// <param name="configuration">Knows the dashboard.</param>
    public TrafficTelemetry(TrafficControl control, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        // Without an instance id: the dashboard finds a resource that is none of the orchestrator's by its name alone.
        var resource = ResourceBuilder.CreateEmpty().AddService("traffic", autoGenerateServiceInstanceId: false);
        var traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource)
            .AddSource(TrafficGenerator.Name).AddHttpClientInstrumentation()
            .SetSampler(new ParentBasedSampler(new RootSampler(control)));
        var metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(TrafficGenerator.Name);
        if (configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] is { Length: > 0 } endpoint)
        {
            void To(OtlpExporterOptions options)
            {
                options.Endpoint = new Uri(endpoint);
                options.Protocol = OtlpExportProtocol.Grpc;
                if (configuration["AppHost:OtlpApiKey"] is { Length: > 0 } key)
                    options.Headers = $"x-otlp-api-key={key}";
            }

            traces.AddOtlpExporter(To);
            metrics.AddOtlpExporter((options, reader) =>
            {
                To(options);
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = 10_000;
            });
        }

        (_traces, _metrics) = (traces.Build(), metrics.Build());
    }

    /// <summary>Measures a ledger from now on.</summary>
    public void Measure(TrafficLedger ledger)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        _meter.CreateObservableCounter("traffic.messages.sent", () => ledger.Count().Sent,
            "{message}", "Private messages handed to a node, or tried to.");
        _meter.CreateObservableCounter("traffic.messages.delivered", () => ledger.Count().Delivered,
            "{message}", "Private messages seen in their recipient's inbox.");
        _meter.CreateObservableGauge("traffic.messages.failed", () => ledger.Count().Failed,
            "{message}", "Private messages not accepted, or without an answer.");
        _meter.CreateObservableGauge("traffic.delivery.p99",
            () => ledger.Count().P99Ms is { } ms ? [new(ms / 1000)] : Array.Empty<Measurement<double>>(),
            "s", "From the request to the sight in the inbox, the slowest hundredth.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _traces.Dispose();
        _metrics.Dispose();
        _meter.Dispose();
    }

    // The host asks nodes for their health and their inboxes all the time; only messages begin a trace.
    private sealed class RootSampler(TrafficControl control) : Sampler
    {
        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
        {
            if (samplingParameters.Name is not (TrafficGenerator.SendName or TrafficGenerator.BroadcastName))
                return new SamplingResult(SamplingDecision.Drop);
            var share = Math.Min(1, TracesPerSecond / control.Rate);
            return new TraceIdRatioBasedSampler(share).ShouldSample(samplingParameters);
        }
    }
}
