using System.Diagnostics.Metrics;

namespace Meshara.Node.Telemetry;

internal sealed partial class MeshTelemetry
{
    /// <summary>
    /// Creates all series of every counter, at 0. A series that first appears with an event shows no increase, so every rule would
    /// miss a node's first failures. Call this once the meters have listeners.
    /// </summary>
    public void StartAtZero()
    {
        StartAtZero(_sent, Tags.Types);
        StartAtZero(_received, Tags.Types);
        StartAtZero(_forwarded, Tags.Relayed);
        StartAtZero(_dropped, DropReason.All);
        StartAtZero(_attempts, AttemptOutcome.All);
        StartAtZero(_completed, Completion.All);
        StartAtZero(_errors, ErrorType.All);
        StartAtZero(_connectionsOpened, [Tags.Inbound, Tags.Outbound]);
        StartAtZero(_networkBytes, [Tags.In, Tags.Out]);
        foreach (var labels in MessagingOperation.Send.All.Concat(MessagingOperation.Broadcast.All))
            _sentMessages.Add(0, labels.Plain);
        foreach (var reason in CloseReason.OfErrors)
            _connectionErrors.Add(0, new KeyValuePair<string, object?>("reason", reason));
        foreach (var reason in CloseReason.OfClosed)
        {
            _connectionsClosed.Add(0, Tags.Inbound, new KeyValuePair<string, object?>("reason", reason));
            _connectionsClosed.Add(0, Tags.Outbound, new KeyValuePair<string, object?>("reason", reason));
        }
    }

    private static void StartAtZero(Counter<long> counter, KeyValuePair<string, object?>[] series)
    {
        foreach (var labels in series)
            counter.Add(0, labels);
    }
}
