namespace Meshara.Lab.Load;

/// <summary>Options of <c>gossip</c> and <c>mesh</c>.</summary>
internal sealed record MeshLoadOptions
{
    /// <summary>Nodes that run.</summary>
    public required int Nodes { get; init; }

    /// <summary>Broadcasts that are timed.</summary>
    public int Broadcasts { get; init; } = 51;

    /// <summary>How long every node sends to every other one, all rounds together.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Rounds of load.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Bytes of content of each message.</summary>
    public int Payload { get; init; } = 256;

    /// <summary>Where the report goes (JSON); null for nowhere.</summary>
    public string? Report { get; init; }
}
