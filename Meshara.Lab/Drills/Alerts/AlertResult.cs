namespace Meshara.Lab.Drills.Alerts;

/// <summary>The result of one alert drill.</summary>
internal sealed record AlertResult
{
    /// <summary>The alert.</summary>
    public required string Alert { get; init; }

    /// <summary>A one-line description of the fault.</summary>
    public required string Fault { get; init; }

    /// <summary>True if the drill ran and all expectations were met.</summary>
    public bool Passed => Failures.Count == 0 && Skipped is null;

    /// <summary>Why it was not run; null if it was.</summary>
    public string? Skipped { get; init; }

    /// <summary>The expected receiver of the notification.</summary>
    public string? Receiver { get; init; }

    /// <summary>Time from the beginning of the fault to the notification.</summary>
    public double? NotifiedAfterSeconds { get; init; }

    /// <summary>The limit for that time: the rule's shortened duration and the allowance.</summary>
    public double? AllowedSeconds { get; init; }

    /// <summary>Time from the end of the fault to the notification that it is resolved.</summary>
    public double? ResolvedAfterSeconds { get; init; }

    /// <summary>The labels of the alerts that fired.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Number of notifications, firing and resolved.</summary>
    public int Notifications { get; init; }

    /// <summary>Alerts that also fired and were inhibited.</summary>
    public IReadOnlyList<string> Inhibited { get; init; } = [];

    /// <summary>Expectations that were not met.</summary>
    public required IReadOnlyList<string> Failures { get; init; }
}
