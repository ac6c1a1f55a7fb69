namespace Meshara.Lab.Drills.Faults;

/// <summary>The process of a random node ends without a chance to say or write anything, and starts again a little later.</summary>
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
            // Anything from at once, while its peers still think it is there, to long enough for them to be sure.
            await mesh.PauseAsync(_beat * mesh.Random.NextDouble(), over);
            await mesh.RestartAsync(fault, [victim], stop);
        }
    }
}
