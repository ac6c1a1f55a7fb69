namespace Meshara.Tests.Load;

/// <summary>Tests of the lab's measurements run one at a time, but in parallel to others: they do not assert the results.</summary>
[CollectionDefinition(Name)]
public sealed class MeasurementCollection
{
    public const string Name = "measurements";
}
