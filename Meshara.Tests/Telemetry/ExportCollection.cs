namespace Meshara.Tests.Telemetry;

/// <summary>
/// Tests of what is exported run alone: the SDK's providers listen to every source and meter of a name in the process, so
/// what other nodes do at the same time would be exported, too.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ExportCollection
{
    public const string Name = "Export";
}
