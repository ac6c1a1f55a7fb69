namespace Meshara.Lab.Load;

/// <summary>Options of the measurements.</summary>
internal sealed record LoadOptions
{
    /// <summary>How long each measurement sends.</summary>
    public required TimeSpan For { get; init; }

    /// <summary>Rounds; each measures everything that is compared.</summary>
    public required int Rounds { get; init; }

    /// <summary>Bytes of content of each message.</summary>
    public int Payload { get; init; } = 256;

    /// <summary>Where the report goes (JSON); null for nowhere.</summary>
    public string? Report { get; init; }
}
