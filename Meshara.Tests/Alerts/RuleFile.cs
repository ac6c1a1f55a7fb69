namespace Meshara.Tests.Alerts;

/// <summary>A file of Prometheus rules: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/.</summary>
internal sealed class RuleFile
{
    public List<RuleGroup> Groups { get; init; } = [];
}

internal sealed class RuleGroup
{
    public string Name { get; init; } = "";

    public string? Interval { get; init; }

    public List<Rule> Rules { get; init; } = [];
}

/// <summary>A recording rule (<see cref="Record"/>) or an alerting rule (<see cref="Alert"/>).</summary>
internal sealed class Rule
{
    public string? Record { get; init; }

    public string? Alert { get; init; }

    public string Expr { get; init; } = "";

    public string? For { get; init; }

    [YamlDotNet.Serialization.YamlMember(Alias = "keep_firing_for")]
    public string? KeepFiringFor { get; init; }

    public Dictionary<string, string> Labels { get; init; } = [];

    public Dictionary<string, string> Annotations { get; init; } = [];
}
