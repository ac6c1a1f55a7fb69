namespace Meshara.Lab.Drills.Alerts;

/// <summary>The validated options of <c>drill alert</c>.</summary>
internal sealed record AlertOptions
{
    /// <summary>Selects a run without a fault, in which only Watchdog may fire.</summary>
    public const string None = "none";

    /// <summary>Selects every alert.</summary>
    public const string All = "all";

    /// <summary>The selected alerts, or only <see cref="None"/>.</summary>
    public required IReadOnlyList<string> Alerts { get; init; }

    /// <summary>With <see cref="None"/>, how long nothing may fire.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How far a notification may exceed the time given by its rule.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Path of the report; null for none.</summary>
    public string? Report { get; init; }

    /// <summary>Parent of this run's folder; null for a temporary one.</summary>
    public string? Data { get; init; }

    /// <summary>True to stop when standard input closes.</summary>
    public bool StopWithInput { get; init; }
}
