namespace Meshara.Lab.Drills;

/// <summary>What the caller asked for, checked.</summary>
internal sealed record DrillOptions
{
    /// <summary>Fewer nodes leave nobody to talk while one is down.</summary>
    public const int MinNodes = 3;

    /// <summary>A shorter drill has no time for its fault.</summary>
    public static readonly TimeSpan MinFor = TimeSpan.FromSeconds(5);

    /// <summary>One of the names in <see cref="Faults.FaultCatalogue"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Number of nodes.</summary>
    public int Nodes { get; init; } = 5;

    /// <summary>How long messages are sent and faults begin; one that has begun is brought to its end.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Messages a second, all nodes together.</summary>
    public double Rate { get; init; } = 200;

    /// <summary>Longest wait for the mesh to settle after the last fault.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Seed of every random choice.</summary>
    public int Seed { get; init; }

    /// <summary>Where the report goes; null for nowhere.</summary>
    public string? Report { get; init; }

    /// <summary>Folder in which a folder for this drill is made; null for a temporary one.</summary>
    public string? Data { get; init; }

    /// <summary>Stop when standard input closes.</summary>
    public bool StopWithInput { get; init; }
}
