namespace Meshara.Tests.Containers;

/// <summary>Tests of the monitoring share one instance of each server, because these are large and slow to start.</summary>
[CollectionDefinition(Name)]
public sealed class ObservabilityCollection : ICollectionFixture<ContainerStack>
{
    public const string Name = "containers: observability";
}
