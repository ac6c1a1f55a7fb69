namespace Meshara.Lab.Load;

/// <summary>Options of the measurements.</summary>
internal sealed record LoadOptions
{
    /// <summary>How long each measurement sends.</summary>
    public required TimeSpan For { get; init; }

    /// <summary>Number of rounds; each measures all variants.</summary>
    public required int Rounds { get; init; }

    /// <summary>Content size of each message in bytes.</summary>
    public int Payload { get; init; } = 256;

    /// <summary>Path of the report (JSON); null for none.</summary>
    public string? Report { get; init; }
}
