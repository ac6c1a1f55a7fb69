namespace Meshara.Lab.Load;

/// <summary>Options of <c>durability</c>.</summary>
internal sealed record DurabilityOptions
{
    /// <summary>How long each measurement sends.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Pairs of measurements.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Bytes of content of each message.</summary>
    public int Payload { get; init; } = 256;

    /// <summary>Callers that send at the same time.</summary>
    public int Callers { get; init; } = 64;

    /// <summary>Messages on their way at the most.</summary>
    public int Window { get; init; } = 1024;

    /// <summary>Where the report goes (JSON); null for nowhere.</summary>
    public string? Report { get; init; }
}
