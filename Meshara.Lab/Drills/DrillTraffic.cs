
using Meshara.Harness.Nodes;
using Meshara.Harness.Traffic;

namespace Meshara.Lab.Drills;

/// <summary>
/// Sends messages at a steady rate: from random nodes that take them, to random other nodes, up or not. Refused messages are counted by
/// the ledger and not retried.
/// </summary>
internal sealed class DrillTraffic(DrillMesh mesh, DrillLedger ledger, Random random, TimeProvider time)
{
    // Maximum number of concurrent calls; a node that hangs holds each for ten seconds.
    private const int MaxInFlight = 512;

    /// <summary>Sends until <paramref name="stop"/> is cancelled, and completes once every call has been answered.</summary>
    public Task RunAsync(double perSecond, CancellationToken stop)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxInFlight, CancellationToken = CancellationToken.None };
        return Parallel.ForEachAsync(new Pacer(perSecond, time).Beats(stop), options, async (_, _) => await SendAsync());
    }

    private async Task SendAsync()
    {
        if (Pick() is not var (sender, recipient))
        {
            ledger.Unsent();
            return;
        }

        // Taken before the entry is made: if the node is killed meanwhile, its successor must not answer for it.
        var api = sender.Api;
        var entry = ledger.Begin(sender.Index, recipient.Index);
        var answer = await api.SendAsync(recipient.Address, entry.Text, CancellationToken.None);
        ledger.Answered(entry, answer);
        if (answer is { Acceptance: Acceptance.Refused, RetryAfter: { } pause })
            sender.LeaveAlone(pause);
    }

    private (DrillNode Sender, DrillNode Recipient)? Pick()
    {
        DrillNode[] senders = [.. mesh.Nodes.Where(node => node.IsWilling)];
        if (senders.Length == 0)
            return null;
        lock (random)
        {
            var sender = senders[random.Next(senders.Length)];
            DrillNode[] recipients = [.. mesh.Nodes.Where(node => node != sender && node.GetsMessages)];
            return recipients.Length == 0 ? null : (sender, recipients[random.Next(recipients.Length)]);
        }
    }
}
