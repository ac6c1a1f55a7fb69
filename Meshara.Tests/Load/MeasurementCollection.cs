namespace Meshara.Tests.Load;

/// <summary>The lab's measurements, one after the other but beside other tests: what they measure is not asserted.</summary>
[CollectionDefinition(Name)]
public sealed class MeasurementCollection
{
    public const string Name = "measurements";
}
