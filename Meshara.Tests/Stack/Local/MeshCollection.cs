namespace Meshara.Tests.Stack.Local;

/// <summary>Tests that run whole meshes: one at a time and after all others, so that real processes get enough CPU time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MeshCollection
{
    public const string Name = "mesh";
}
