namespace Meshara.Tests.Stack.Local;

/// <summary>Tests that run whole meshes: one at a time, after the others, so that real processes get the processors.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MeshCollection
{
    public const string Name = "mesh";
}
