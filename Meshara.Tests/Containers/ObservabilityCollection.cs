namespace Meshara.Tests.Containers;

/// <summary>Tests of what watches a mesh share one of each server: they are large, and slow to start.</summary>
[CollectionDefinition(Name)]
public sealed class ObservabilityCollection : ICollectionFixture<ContainerStack>
{
    public const string Name = "containers: observability";
}
