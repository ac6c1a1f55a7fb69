namespace Meshara.Lab.Drills.Hostile;

/// <summary>No attack: the baseline for the others.</summary>
internal sealed class CalmAttack : IAttack
{
    public string Name => "none";

    public string What => "nobody attacks";

    public Task RunAsync(DrillMesh mesh, HostileCrowd crowd, Deeds deeds, CancellationToken over) => mesh.PauseAsync(Timeout.InfiniteTimeSpan, over);
}
