using System.Diagnostics;
using Meshara.Harness.Nodes;

namespace Meshara.Harness.Traffic;

/// <summary>Sends private messages between random pairs of running nodes, and a broadcast from a random one every two seconds.</summary>
internal sealed class TrafficGenerator(IReadOnlyList<ITrafficNode> nodes, TrafficLedger ledger, Random random, TimeProvider time)
{
    /// <summary>Name of the activity source. Each message has one span, from the request to the node's answer.</summary>
    public const string Name = "Meshara.Traffic";

    /// <summary>Names of the spans.</summary>
    public const string SendName = "send", BroadcastName = "broadcast";

    private static readonly ActivitySource Source = new(Name);

    // Maximum number of concurrent calls. Usually only a few are in flight; the limit matters when nodes hang.
    private const int MaxInFlight = 64;

    private const double BroadcastsPerSecond = 0.5;

    /// <summary>Sends until <paramref name="stop"/> is cancelled, and completes once every call has ended.</summary>
    /// <param name="perSecond">Private messages a second; above 0.</param>
    /// <param name="stop">Ends the traffic.</param>
    /// <param name="interrupted">Cancelled if the nodes may be stopping too, so that refused messages do not count as failures.</param>
    public Task RunAsync(double perSecond, CancellationToken stop, CancellationToken interrupted)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxInFlight, CancellationToken = CancellationToken.None };
        return Task.WhenAll(
            Parallel.ForEachAsync(new Pacer(perSecond, time).Beats(stop), options, async (_, _) => await SendAsync(interrupted)),
            Parallel.ForEachAsync(
                new Pacer(BroadcastsPerSecond, time).Beats(stop), options, async (_, _) => await BroadcastAsync(interrupted)));
    }

    private async Task SendAsync(CancellationToken interrupted)
    {
        if (Pick() is not [var sender, var recipient, ..])
            return;
        var entry = ledger.Send(recipient.Index);
        using var span = Source.StartActivity(SendName, ActivityKind.Client);
        span?.SetTag("from", sender.Name).SetTag("to", recipient.Name);
        Enter(entry, await sender.Api.SendAsync(recipient.Address, entry.Text, CancellationToken.None), interrupted);
    }

    private async Task BroadcastAsync(CancellationToken interrupted)
    {
        if (Pick() is not [var sender, .. var recipients] || recipients.Length == 0)
            return;
        var entry = ledger.Broadcast(recipients.Select(node => node.Index));
        using var span = Source.StartActivity(BroadcastName, ActivityKind.Client);
        span?.SetTag("from", sender.Name);
        Enter(entry, await sender.Api.BroadcastAsync(entry.Text, CancellationToken.None), interrupted);
    }

    private void Enter(TrafficLedger.Entry entry, SendAnswer answer, CancellationToken interrupted)
    {
        if (answer.Acceptance != Acceptance.Accepted && interrupted.IsCancellationRequested)
            ledger.Withdraw(entry);
        else
            ledger.Answered(entry, answer.Acceptance);
    }

    // The running nodes in random order. Unlike Random.Shared, a seeded Random is not thread-safe, hence the lock.
    private ITrafficNode[] Pick()
    {
        var alive = nodes.Where(node => node.IsAlive).ToArray();
        lock (random)
            random.Shuffle(alive);
        return alive;
    }
}
