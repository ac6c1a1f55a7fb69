namespace Meshara.Tests.Dashboards;

/// <summary>A provisioned data source of Grafana: https://grafana.com/docs/grafana/latest/administration/provisioning/.</summary>
internal sealed class DataSource
{
    public required string Name { get; init; }

    public required string Uid { get; init; }

    public required string Type { get; init; }

    public required string Access { get; init; }

    public required string Url { get; init; }

    public bool IsDefault { get; init; }

    public bool Editable { get; init; }

    public bool BasicAuth { get; init; }

    public string? BasicAuthUser { get; init; }

    public Dictionary<string, object> JsonData { get; init; } = [];

    public Dictionary<string, string> SecureJsonData { get; init; } = [];
}
