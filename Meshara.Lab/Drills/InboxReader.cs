
using Meshara.Harness;
using Meshara.Harness.Nodes;

namespace Meshara.Lab.Drills;

/// <summary>Reads the inboxes of the mesh: continuously during the drill for its display, and once in full for the audit.</summary>
internal sealed class InboxReader(DrillMesh mesh, DrillLedger ledger, TimeProvider time)
{
    private const int PageSize = 1000;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ReadDeadline = TimeSpan.FromSeconds(60);

    /// <summary>Records arrivals in the ledger until <paramref name="stop"/> is cancelled.</summary>
    public Task FollowAsync(CancellationToken stop) => Task.WhenAll(mesh.Nodes.Select(node => FollowAsync(node, stop)));

    /// <summary>Reads the full inbox of a node.</summary>
    /// <exception cref="StackException">It cannot be read.</exception>
    public async Task<InboxContent> ReadAsync(DrillNode node, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(node);
        var messages = new List<InboxRecord>();
        var started = time.GetTimestamp();
        for (var after = 0L; ;)
        {
            if (await node.Api.TryReadInboxAsync(after, PageSize, stop) is { } page)
            {
                if (page.Messages.Count == 0)
                    return new InboxContent(node.Index, messages);
                messages.AddRange(page.Messages);
                foreach (var message in page.Messages)
                    ledger.Sighted(node.Index, message.Text);
                after = page.Next;
            }
            else if (time.GetElapsedTime(started) > ReadDeadline)
            {
                throw new StackException($"the inbox of {node.Name} could not be read within {ReadDeadline.TotalSeconds:0} s");
            }
            else
            {
                await Task.Delay(RetryAfter, time, stop);
            }
        }
    }

    private async Task FollowAsync(DrillNode node, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            for (var after = 0L; await timer.WaitForNextTickAsync(stop);)
            {
                while (node.IsUp && await node.Api.TryReadInboxAsync(after, PageSize, stop) is { Messages.Count: > 0 } page)
                {
                    foreach (var message in page.Messages)
                        ledger.Sighted(node.Index, message.Text);
                    after = page.Next;
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Expected: the drill ends.
        }
    }
}
