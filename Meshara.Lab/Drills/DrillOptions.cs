namespace Meshara.Lab.Drills;

/// <summary>The validated options of a drill.</summary>
internal sealed record DrillOptions
{
    /// <summary>With fewer nodes, no pair could exchange messages while one is down.</summary>
    public const int MinNodes = 3;

    /// <summary>A shorter drill would have no time for its fault.</summary>
    public static readonly TimeSpan MinFor = TimeSpan.FromSeconds(5);

    /// <summary>One of the names in <see cref="Faults.FaultCatalogue"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Number of nodes.</summary>
    public int Nodes { get; init; } = 5;

    /// <summary>How long messages are sent and faults may begin; a fault in progress is completed.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Messages per second, all nodes together.</summary>
    public double Rate { get; init; } = 200;

    /// <summary>Longest wait for the mesh to settle after the last fault.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Seed of all random choices.</summary>
    public int Seed { get; init; }

    /// <summary>Path of the report; null for none.</summary>
    public string? Report { get; init; }

    /// <summary>Parent of this drill's folder; null for a temporary one.</summary>
    public string? Data { get; init; }

    /// <summary>True to stop when standard input closes.</summary>
    public bool StopWithInput { get; init; }
}
