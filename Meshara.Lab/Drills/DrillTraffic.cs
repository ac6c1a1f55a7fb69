
using Meshara.Harness.Nodes;
using Meshara.Harness.Traffic;

namespace Meshara.Lab.Drills;

/// <summary>
/// Hands messages to random nodes that take them, for random other nodes whether those are up or not, at a steady rate.
/// What is refused is not tried again: the ledger counts it.
/// </summary>
internal sealed class DrillTraffic(DrillMesh mesh, DrillLedger ledger, Random random, TimeProvider time)
{
    // Calls in flight at once; a node that hangs holds its calls for ten seconds.
    private const int MaxInFlight = 512;

    /// <summary>Sends until <paramref name="stop"/>; then completes when every call has its answer.</summary>
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

        // Taken before the entry: a node killed meanwhile answers nothing, its successor would answer for another process.
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
