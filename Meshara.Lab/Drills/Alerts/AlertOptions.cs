namespace Meshara.Lab.Drills.Alerts;

/// <summary>What the caller asked for, checked.</summary>
internal sealed record AlertOptions
{
    /// <summary>Means: no fault; nothing but Watchdog may fire.</summary>
    public const string None = "none";

    /// <summary>Means: every alert.</summary>
    public const string All = "all";

    /// <summary>The alerts, or <see cref="None"/> alone.</summary>
    public required IReadOnlyList<string> Alerts { get; init; }

    /// <summary>How long nothing may fire, with <see cref="None"/>.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How much longer than its rule says a notification may take.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where the report goes; null for nowhere.</summary>
    public string? Report { get; init; }

    /// <summary>Folder in which a folder for this run is made; null for a temporary one.</summary>
    public string? Data { get; init; }

    /// <summary>Stop when standard input closes.</summary>
    public bool StopWithInput { get; init; }
}
