using System.Diagnostics.Metrics;

namespace Meshara.Node.Telemetry;

/// <summary>The metrics of OpenTelemetry's conventions for messaging, beside the node's own: what knows these needs no Meshara.</summary>
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

    /// <summary>A message was sent, or could not be.</summary>
    /// <param name="operation">How.</param>
    /// <param name="duration">From acceptance until it ended; about as long as its span.</param>
    /// <param name="error">What it failed with, as its span's <c>error.type</c>.</param>
    public void Sent(MessagingOperation operation, TimeSpan duration, string? error = null)
    {
        var labels = operation.Labels(error);
        _sentMessages.Add(1, labels.Plain);
        _operationDuration.Record(duration.TotalSeconds, labels.Typed);
    }

    /// <summary>A message that arrived was handled; parameters as above.</summary>
    public void Processed(MessagingOperation operation, TimeSpan duration, string? error = null) =>
        _processDuration.Record(duration.TotalSeconds, operation.Labels(error).Plain);
}
