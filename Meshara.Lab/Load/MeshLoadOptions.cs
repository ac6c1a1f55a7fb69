namespace Meshara.Lab.Load;

/// <summary>Options of <c>gossip</c> and <c>mesh</c>.</summary>
internal sealed record MeshLoadOptions
{
    /// <summary>Number of nodes.</summary>
    public required int Nodes { get; init; }

    /// <summary>Number of timed broadcasts.</summary>
    public int Broadcasts { get; init; } = 51;

    /// <summary>How long every node sends to every other, all rounds together.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Rounds of load.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Content size of each message in bytes.</summary>
    public int Payload { get; init; } = 256;

    /// <summary>Path of the report (JSON); null for none.</summary>
    public string? Report { get; init; }
}
