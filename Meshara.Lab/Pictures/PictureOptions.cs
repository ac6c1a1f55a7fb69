namespace Meshara.Lab.Pictures;

/// <summary>The validated options for drawing.</summary>
internal sealed record PictureOptions
{
    /// <summary>Path of the dashboard's file.</summary>
    public required string Dashboard { get; init; }

    /// <summary>Titles of the panels, in drawing order.</summary>
    public required IReadOnlyList<string> Panels { get; init; }

    /// <summary>Base address of Prometheus.</summary>
    public required Uri Prometheus { get; init; }

    /// <summary>How far back graphs reach.</summary>
    public TimeSpan Last { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>The end of the time shown; null for now.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The node selected on the dashboard; null for all.</summary>
    public string? Node { get; init; }

    /// <summary>Path of the picture.</summary>
    public required string Out { get; init; }
}
