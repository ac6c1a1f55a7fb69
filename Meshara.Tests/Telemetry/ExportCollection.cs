namespace Meshara.Tests.Telemetry;

/// <summary>
/// Tests of exports run alone: the SDK's providers listen to all sources and meters of a name in the process, so they would also export
/// the telemetry of other nodes.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ExportCollection
{
    public const string Name = "Export";
}
