namespace Meshara.Lab.Drills.Faults;

/// <summary>Ends all nodes at once and restarts them: messages in flight then exist only in their folders.</summary>
internal sealed class RestartAllFault(DrillOptions options) : IFault
{
    private readonly TimeSpan _beat = Rhythm.Beat(options);

    public async Task InjectAsync(DrillMesh mesh, CancellationToken over, CancellationToken stop)
    {
        for (var isKill = true; await mesh.PauseAsync(_beat * 2, over); isKill = !isKill)
        {
            var fault = mesh.Log.Begin(isKill ? "all nodes killed" : "all nodes asked to end");
            await Task.WhenAll(mesh.Nodes.Select(node => isKill ? node.KillAsync() : node.TerminateAsync()));
            await mesh.RestartAsync(fault, mesh.Nodes, stop);
        }
    }
}
