namespace Meshara.Lab.Load;

/// <summary>Options of <c>pair</c>.</summary>
internal sealed record PairOptions
{
    /// <summary>How long messages are sent under full load, all rounds together.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Rounds; each measures the cryptography, the full load and single messages, one after another.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Content size of each message in bytes.</summary>
    public int Payload { get; init; } = 256;

    /// <summary>True for a key agreement per message instead of per session.</summary>
    public bool KeyPerMessage { get; init; }

    /// <summary><c>memory</c>, <c>normal</c> or <c>full</c>.</summary>
    public string Storage { get; init; } = "memory";

    /// <summary>Telemetry of the nodes during the measurement.</summary>
    public PairTelemetry Telemetry { get; init; } = PairTelemetry.Sampled;

    /// <summary>Path of the report (JSON); null for none.</summary>
    public string? Report { get; init; }
}
