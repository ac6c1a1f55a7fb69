namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// A node is down; a second one accepts messages for it and is then killed, never to return; the first comes back and has
/// to get them from those the second gave them to. Once in a drill: nobody is left to be killed twice.
/// </summary>
internal sealed class OrphanFault(DrillOptions options) : IFault
{
    // What the sender accepted it needs a moment to hand over; what it has not when it dies is on its disk only.
    private static readonly TimeSpan HandOver = TimeSpan.FromSeconds(5);

    private readonly TimeSpan _beat = Rhythm.Beat(options);

    public Task PrepareAsync(DrillMesh mesh, CancellationToken stop)
    {
        // The sender never comes back: whatever were sent to it could not be delivered by anybody.
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
        await mesh.PauseAsync(HandOver, stop);
        await sender.KillAsync();
        mesh.Log.Tell($"{sender.Name} killed for good");
        await mesh.PauseAsync(_beat, stop);
        await mesh.RestartAsync(fault, [recipient], stop);
        mesh.Log.Tell($"{recipient.Name} is back");
    }

    // Not node-1, by which the others join.
    private static DrillNode Sender(DrillMesh mesh) => mesh.Nodes[^1];
}
