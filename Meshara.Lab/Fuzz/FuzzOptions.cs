namespace Meshara.Lab.Fuzz;

/// <summary>The options of <c>fuzz</c>.</summary>
internal sealed record FuzzOptions
{
    /// <summary>The targets, one after the other.</summary>
    public required IReadOnlyList<string> Targets { get; init; }

    /// <summary>How long each of them runs.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A target ends earlier, after so many inputs.</summary>
    public long Executions { get; init; } = long.MaxValue;

    /// <summary>Makes the same choices again.</summary>
    public int Seed { get; init; }

    /// <summary>True for AFL++ as the engine, which must be installed.</summary>
    public bool Afl { get; init; }

    /// <summary>Inputs to begin with, a folder a target, besides those that the targets make; what is found is written there, too.</summary>
    public string? Corpus { get; init; }

    /// <summary>Where the report goes.</summary>
    public string? Report { get; init; }
}
