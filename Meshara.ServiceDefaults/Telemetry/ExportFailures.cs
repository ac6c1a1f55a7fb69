using System.Diagnostics.Metrics;
using OpenTelemetry;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// <c>meshara_telemetry_export_failures_total</c>: batches that the OTLP exporters gave up on. Every exported signal starts
/// at 0, so that its first failure is an increase; a signal that is not exported has no series.
/// </summary>
internal sealed class ExportFailures
{
    public const string MeterName = "Meshara";

    private readonly Dictionary<string, long[]> _failed;

    /// <param name="meters">Creates the meter; the container disposes it.</param>
    /// <param name="signals">The exported signals, as <c>OTEL_*</c> variables name them.</param>
    public ExportFailures(IMeterFactory meters, IEnumerable<string> signals)
    {
        _failed = signals.ToDictionary(signal => signal, _ => new long[1], StringComparer.Ordinal);
        var labels = _failed.ToDictionary(signal => signal.Key, signal => new KeyValuePair<string, object?>("signal", signal.Key.ToLowerInvariant()));
        meters.Create(MeterName).CreateObservableCounter(
            "meshara.telemetry.export.failures",
            () => _failed.Select(signal => new Measurement<long>(Volatile.Read(ref signal.Value[0]), labels[signal.Key])),
            "{export}", "OTLP exports given up, one per batch.");
    }

    /// <summary>Counts a result that is a failure, and returns it.</summary>
    public ExportResult Count(string signal, ExportResult result)
    {
        if (result == ExportResult.Failure)
            Interlocked.Increment(ref _failed[signal][0]);
        return result;
    }
}
