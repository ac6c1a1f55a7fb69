namespace Meshara.Lab.Drills.Hostile;

/// <summary>Nobody does anything: what the attacks are compared with.</summary>
internal sealed class CalmAttack : IAttack
{
    public string Name => "none";

    public string What => "nobody attacks";

    public Task RunAsync(DrillMesh mesh, HostileCrowd crowd, Deeds deeds, CancellationToken over) => mesh.PauseAsync(Timeout.InfiniteTimeSpan, over);
}
