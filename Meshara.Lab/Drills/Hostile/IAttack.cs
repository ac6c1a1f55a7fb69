namespace Meshara.Lab.Drills.Hostile;

/// <summary>An attack on a mesh by hostile peers.</summary>
internal interface IAttack
{
    /// <summary>Its name in the report.</summary>
    string Name { get; }

    /// <summary>A description.</summary>
    string What { get; }

    /// <summary>Attacks until <paramref name="over"/> is cancelled.</summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="crowd">The attacking peers.</param>
    /// <param name="deeds">Counts the attackers' actions.</param>
    /// <param name="over">Ends the attack.</param>
    Task RunAsync(DrillMesh mesh, HostileCrowd crowd, Deeds deeds, CancellationToken over);
}
