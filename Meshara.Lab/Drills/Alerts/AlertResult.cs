namespace Meshara.Lab.Drills.Alerts;

/// <summary>How the drill of one alert went.</summary>
internal sealed record AlertResult
{
    /// <summary>The alert.</summary>
    public required string Alert { get; init; }

    /// <summary>What was done.</summary>
    public required string Fault { get; init; }

    /// <summary>True when everything came as it had to.</summary>
    public bool Passed => Failures.Count == 0 && Skipped is null;

    /// <summary>Why it was not run; null when it was.</summary>
    public string? Skipped { get; init; }

    /// <summary>Where the notification had to arrive.</summary>
    public string? Receiver { get; init; }

    /// <summary>From the beginning of the fault until somebody was told.</summary>
    public double? NotifiedAfterSeconds { get; init; }

    /// <summary>How long that may take: the rule's shortened duration and the allowance.</summary>
    public double? AllowedSeconds { get; init; }

    /// <summary>From the end of the fault until somebody was told of that.</summary>
    public double? ResolvedAfterSeconds { get; init; }

    /// <summary>The labels of what fired.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Notifications in all, of the beginning and the end.</summary>
    public int Notifications { get; init; }

    /// <summary>Alerts that fired as well and were inhibited.</summary>
    public IReadOnlyList<string> Inhibited { get; init; } = [];

    /// <summary>What did not come as it had to.</summary>
    public required IReadOnlyList<string> Failures { get; init; }
}
