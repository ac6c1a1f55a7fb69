using System.Diagnostics.Metrics;

namespace Meshara.Node.Telemetry;

/// <summary>
/// The metrics of OpenTelemetry's messaging conventions, beside the node's own, for tools that know only the conventions.
/// </summary>
/// <seealso href="https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/"/>
internal sealed partial class MeshTelemetry
{
    // The buckets of the conventions, in seconds.
    private static readonly InstrumentAdvice<double> OperationTimes = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    };

    private readonly Counter<long> _sentMessages;
    private readonly Histogram<double> _operationDuration;
    private readonly Histogram<double> _processDuration;

    /// <summary>Records that a message was sent, or that sending it failed.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="duration">Time from acceptance to the end of the operation; about as long as its span.</param>
    /// <param name="error">The failure, as in its span's <c>error.type</c>; null for none.</param>
    public void Sent(MessagingOperation operation, TimeSpan duration, string? error = null)
    {
        var labels = operation.Labels(error);
        _sentMessages.Add(1, labels.Plain);
        _operationDuration.Record(duration.TotalSeconds, labels.Typed);
    }

    /// <summary>Records that an incoming message was handled; parameters as above.</summary>
    public void Processed(MessagingOperation operation, TimeSpan duration, string? error = null) =>
        _processDuration.Record(duration.TotalSeconds, operation.Labels(error).Plain);
}
