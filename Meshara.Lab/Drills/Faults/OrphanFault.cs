namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// While one node is down, a second accepts messages for it and is then killed for good. When the first returns, it must get them from
/// the relays to which the second handed them over. Happens once per drill, because the victim cannot be killed again.
/// </summary>
internal sealed class OrphanFault(DrillOptions options, DrillLedger ledger) : IFault
{
    // A node contacts the recipient, and asks relays, at least once a minute.
    private static readonly TimeSpan HandOverLimit = TimeSpan.FromMinutes(3);

    private readonly TimeSpan _beat = Rhythm.Beat(options);

    public Task PrepareAsync(DrillMesh mesh, CancellationToken stop)
    {
        // The sender never comes back, so messages to it could not be delivered.
        Sender(mesh).GetsMessages = false;
        return Task.CompletedTask;
    }

    public async Task InjectAsync(DrillMesh mesh, CancellationToken over, CancellationToken stop)
    {
        var (sender, recipient) = (Sender(mesh), mesh.Nodes[^2]);
        await mesh.PauseAsync(_beat, over);
        var fault = mesh.Log.Begin($"{recipient.Name} killed; {sender.Name} goes on to accept messages for it");
        await recipient.KillAsync();
        await mesh.PauseAsync(_beat * 2, over);
        sender.TakesMessages = false;
        await HandOverAsync(mesh, sender, stop);
        await sender.KillAsync();
        mesh.Log.Tell($"{sender.Name} killed for good");
        await mesh.PauseAsync(_beat, stop);
        await mesh.RestartAsync(fault, [recipient], stop);
        mesh.Log.Tell($"{recipient.Name} is back");
    }

    // Messages that only the killed sender's disk holds would be lost, as expected.
    private async Task HandOverAsync(DrillMesh mesh, DrillNode sender, CancellationToken stop)
    {
        IReadOnlyList<LedgerEntry> left = [];
        if (await mesh.UntilAsync(async () => (left = await NotSafeAsync(sender, stop)).Count == 0, HandOverLimit, stop))
            mesh.Log.Tell($"every message of {sender.Name} has arrived or is kept by a relay");
        else
            mesh.Log.Fail($"{sender.Name} still had {left.Count} messages that no relay keeps after {HandOverLimit.TotalMinutes:0} minutes");
    }

    private async Task<IReadOnlyList<LedgerEntry>> NotSafeAsync(DrillNode sender, CancellationToken stop)
    {
        var left = new List<LedgerEntry>();
        foreach (var entry in ledger.Outstanding(sender.Index))
        {
            if (entry.Id is null || await sender.Api.TryGetMessageAsync(entry.Id, stop) is null or { State: "pending", HeldBy: 0 })
                left.Add(entry);
        }
        return left;
    }

    // Not node-1, through which the others join.
    private static DrillNode Sender(DrillMesh mesh) => mesh.Nodes[^1];
}
