using System.Text.Json;

namespace Meshara.Harness.Traffic;

/// <summary>Reports arrivals in a node's inbox to the ledgers while the node lives; each ledger ignores messages it did not send.</summary>
internal sealed class InboxWatcher(ITrafficNode node, IReadOnlyList<TrafficLedger> ledgers, TimeProvider time)
{
    private static readonly TimeSpan ReconnectAfter = TimeSpan.FromMilliseconds(200);

    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The node watched.</summary>
    public ITrafficNode Node => node;

    /// <summary>Completes once arrivals are being watched, or the node has ended.</summary>
    public Task Opened => _opened.Task;

    /// <summary>The last error of the stream; null if there was none.</summary>
    public string? LastError { get; private set; }

    /// <summary>Watches until <paramref name="stop"/> is cancelled or the node ends.</summary>
    /// <param name="stop">Ends the watch.</param>
    /// <param name="interrupted">Cancelled if the nodes may have been told to stop.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken interrupted)
    {
        string? cursor = null;
        while (!stop.IsCancellationRequested && !node.IsGone)
        {
            try
            {
                await foreach (var arrival in node.Api.FollowInboxAsync(cursor, Open, stop))
                {
                    cursor = arrival.Cursor.Length > 0 ? arrival.Cursor : cursor;
                    foreach (var ledger in ledgers)
                        ledger.Arrived(node.Index, arrival);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or JsonException or OperationCanceledException)
            {
                LastError = exception.Message;
            }

            // Before the first arrival there is no cursor to resume from. Reading the inbox from its start misses nothing, and the ledgers
            // ignore messages of earlier runs.
            if (Opened.IsCompleted)
                cursor ??= "0";
            await Task.Delay(ReconnectAfter, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (node.IsGone)
        {
            Open();
            foreach (var ledger in ledgers)
                ledger.Gone(node.Index, interrupted.IsCancellationRequested);
        }

        void Open() => _opened.TrySetResult();
    }
}
