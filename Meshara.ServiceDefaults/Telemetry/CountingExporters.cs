using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>The OTLP exporter of spans, with its failures counted.</summary>
internal sealed class CountingTraceExporter(OtlpExporterOptions options, ExportFailures failures) : OtlpTraceExporter(options)
{
    public override ExportResult Export(in Batch<Activity> activityBatch) => failures.Count(OtlpExport.Traces, base.Export(activityBatch));
}

/// <summary>The OTLP exporter of metrics, with its failures counted.</summary>
internal sealed class CountingMetricExporter(OtlpExporterOptions options, ExportFailures failures) : OtlpMetricExporter(options)
{
    public override ExportResult Export(in Batch<Metric> metrics) => failures.Count(OtlpExport.Metrics, base.Export(metrics));
}

/// <summary>The OTLP exporter of logs, which is sealed, with its failures counted.</summary>
internal sealed class CountingLogExporter(OtlpLogExporter inner, ExportFailures failures) : BaseExporter<LogRecord>
{
    public override ExportResult Export(in Batch<LogRecord> batch) => failures.Count(OtlpExport.Logs, inner.Export(batch));

    protected override bool OnForceFlush(int timeoutMilliseconds) => inner.ForceFlush(timeoutMilliseconds);

    protected override bool OnShutdown(int timeoutMilliseconds) => inner.Shutdown(timeoutMilliseconds);
}

/// <summary>
/// Exports nothing. A provider makes itself known to the exporters of its processors, and only so does an exporter learn the
/// resource it has to send: this processor is how the wrapped one does.
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
