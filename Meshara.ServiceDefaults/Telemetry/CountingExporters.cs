using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>An OTLP exporter of spans that counts its failures.</summary>
internal sealed class CountingTraceExporter(OtlpExporterOptions options, ExportFailures failures) : OtlpTraceExporter(options)
{
    public override ExportResult Export(in Batch<Activity> activityBatch) => failures.Count(OtlpExport.Traces, base.Export(activityBatch));
}

/// <summary>An OTLP exporter of metrics that counts its failures.</summary>
internal sealed class CountingMetricExporter(OtlpExporterOptions options, ExportFailures failures) : OtlpMetricExporter(options)
{
    public override ExportResult Export(in Batch<Metric> metrics) => failures.Count(OtlpExport.Metrics, base.Export(metrics));
}

/// <summary>Wraps the OTLP exporter of logs, which is sealed, to count its failures.</summary>
internal sealed class CountingLogExporter(OtlpLogExporter inner, ExportFailures failures) : BaseExporter<LogRecord>
{
    public override ExportResult Export(in Batch<LogRecord> batch) => failures.Count(OtlpExport.Logs, inner.Export(batch));

    protected override bool OnForceFlush(int timeoutMilliseconds) => inner.ForceFlush(timeoutMilliseconds);

    protected override bool OnShutdown(int timeoutMilliseconds) => inner.Shutdown(timeoutMilliseconds);
}

/// <summary>
/// Exports nothing. A provider passes itself only to the exporters of its processors, and an exporter takes the resource to
/// send from its provider. This processor makes that link for an exporter that is wrapped in another.
/// </summary>
internal sealed class ProviderOf(OtlpLogExporter exporter) : BaseExportProcessor<LogRecord>(exporter)
{
    public override void OnEnd(LogRecord data)
    {
    }

    protected override void OnExport(LogRecord data)
    {
    }

    protected override bool OnForceFlush(int timeoutMilliseconds) => true;

    protected override bool OnShutdown(int timeoutMilliseconds) => true;
}
