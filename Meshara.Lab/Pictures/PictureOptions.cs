namespace Meshara.Lab.Pictures;

/// <summary>What is to be drawn, checked.</summary>
internal sealed record PictureOptions
{
    /// <summary>The dashboard's file.</summary>
    public required string Dashboard { get; init; }

    /// <summary>Titles of the panels, in the order they are drawn.</summary>
    public required IReadOnlyList<string> Panels { get; init; }

    /// <summary>Where Prometheus answers.</summary>
    public required Uri Prometheus { get; init; }

    /// <summary>How far back graphs reach.</summary>
    public TimeSpan Last { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>The end of the time shown; now when null.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The node that is chosen on the dashboard; all when null.</summary>
    public string? Node { get; init; }

    /// <summary>Where the picture goes.</summary>
    public required string Out { get; init; }
}
