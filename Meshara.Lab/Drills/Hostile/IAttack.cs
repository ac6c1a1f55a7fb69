namespace Meshara.Lab.Drills.Hostile;

/// <summary>Something that peers do to a mesh for a while.</summary>
internal interface IAttack
{
    /// <summary>What it is called in the report.</summary>
    string Name { get; }

    /// <summary>What is done, in words.</summary>
    string What { get; }

    /// <summary>Attacks until it is <paramref name="over"/>.</summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="crowd">Whose peers do it.</param>
    /// <param name="deeds">Where it counts what it did.</param>
    /// <param name="over">The end of the attack.</param>
    Task RunAsync(DrillMesh mesh, HostileCrowd crowd, Deeds deeds, CancellationToken over);
}
