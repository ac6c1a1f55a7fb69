namespace Meshara.Lab.Soak;

/// <summary>The options of <c>soak</c>.</summary>
internal sealed record SoakOptions
{
    /// <summary>Of these the first two stay up and are measured; the others come and go.</summary>
    public const int Nodes = 5;

    /// <summary>A shorter run has too few samples for a trend.</summary>
    public static readonly TimeSpan MinFor = TimeSpan.FromSeconds(30);

    /// <summary>How long it runs.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Messages a second, all nodes together.</summary>
    public double Rate { get; init; } = 50;

    /// <summary>Seed of all random choices.</summary>
    public int Seed { get; init; }

    /// <summary>Where the report goes.</summary>
    public string? Report { get; init; }

    /// <summary>True to stop when standard input closes.</summary>
    public bool StopWithInput { get; init; }
}
