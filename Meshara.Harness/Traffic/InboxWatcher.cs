using System.Text.Json;

namespace Meshara.Harness.Traffic;

/// <summary>Enters what arrives in one node's inbox into the ledgers, each of which knows its own, for as long as the node lives.</summary>
internal sealed class InboxWatcher(ITrafficNode node, IReadOnlyList<TrafficLedger> ledgers, TimeProvider time)
{
    private static readonly TimeSpan ReconnectAfter = TimeSpan.FromMilliseconds(200);

    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The node watched.</summary>
    public ITrafficNode Node => node;

    /// <summary>Completes once arrivals are seen, or when the node died and none will be.</summary>
    public Task Opened => _opened.Task;

    /// <summary>Why the stream is not open; null when nothing went wrong yet.</summary>
    public string? LastError { get; private set; }

    /// <summary>Watches until <paramref name="stop"/> or the node's end.</summary>
    /// <param name="stop">Ends the watch.</param>
    /// <param name="interrupted">Cancelled when the nodes may have been told to stop.</param>
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
            catch (Exception exception) when (exception is HttpRequestException or IOException or JsonException)
            {
                LastError = exception.Message;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            // Before the first arrival there is no cursor to resume at. Reading from the very first message on misses
            // nothing, and the ledger knows which are its own.
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
