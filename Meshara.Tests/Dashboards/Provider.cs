namespace Meshara.Tests.Dashboards;

/// <summary>A place where Grafana looks for dashboards.</summary>
internal sealed class Provider
{
    public required string Name { get; init; }

    public required string Folder { get; init; }

    public required string FolderUid { get; init; }

    public required string Type { get; init; }

    public bool AllowUiUpdates { get; init; }

    public bool DisableDeletion { get; init; }

    public int UpdateIntervalSeconds { get; init; }

    public Dictionary<string, object> Options { get; init; } = [];
}
