namespace Meshara.Lab.Drills.Faults;

/// <summary>Kills the process of a random node, which cannot clean up, and restarts it a little later.</summary>
internal sealed class KillFault(DrillOptions options) : IFault
{
    private readonly TimeSpan _beat = Rhythm.Beat(options);

    public async Task InjectAsync(DrillMesh mesh, CancellationToken over, CancellationToken stop)
    {
        while (await mesh.PauseAsync(_beat * (0.5 + mesh.Random.NextDouble() / 2), over))
        {
            var victim = mesh.Any();
            var fault = mesh.Log.Begin($"{victim.Name} killed");
            await victim.KillAsync();
            // From immediately, while its peers still consider it alive, to long enough for them to declare it dead.
            await mesh.PauseAsync(_beat * mesh.Random.NextDouble(), over);
            await mesh.RestartAsync(fault, [victim], stop);
        }
    }
}
