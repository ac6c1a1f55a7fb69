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
/// Exports traces and metrics of the traffic to Aspire's dashboard. A trace begins with the request that hands a message to a node. At
/// high rates only a share is traced; the nodes follow that decision (sampled flag of the W3C trace context).
/// </summary>
internal sealed class TrafficTelemetry : IDisposable
{
    // Two processors can record and show this many traces without delaying messages.
    private const double TracesPerSecond = 5;

    private readonly Meter _meter = new(TrafficGenerator.Name);
    private readonly TracerProvider _traces;
    private readonly MeterProvider _metrics;

    /// <param name="control">The current rate.</param>
    /// <param name="configuration">Holds the dashboard's OTLP endpoint and API key.</param>
    public TrafficTelemetry(TrafficControl control, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        // No instance id: the dashboard matches a resource that the orchestrator does not run by name alone.
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

    /// <summary>Creates the instruments that report a ledger's counts.</summary>
    public void Measure(TrafficLedger ledger)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        _meter.CreateObservableCounter("traffic.messages.sent", () => ledger.Count().Sent,
            "{message}", "Private messages handed to a node, including failed attempts.");
        _meter.CreateObservableCounter("traffic.messages.delivered", () => ledger.Count().Delivered,
            "{message}", "Private messages seen in their recipient's inbox.");
        _meter.CreateObservableGauge("traffic.messages.failed", () => ledger.Count().Failed,
            "{message}", "Private messages that were refused or got no answer.");
        _meter.CreateObservableGauge("traffic.delivery.p99",
            () => ledger.Count().P99Ms is { } ms ? [new(ms / 1000)] : Array.Empty<Measurement<double>>(),
            "s", "99th percentile of the time from the send request to the arrival in the recipient's inbox.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _traces.Dispose();
        _metrics.Dispose();
        _meter.Dispose();
    }

    // The host polls health and streams inboxes continuously; only messages may start a trace.
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
