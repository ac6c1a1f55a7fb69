namespace Meshara.Lab.Load;

/// <summary>Options of <c>scrape</c>.</summary>
internal sealed record ScrapeOptions
{
    /// <summary>Series that the node has when scrapes are timed.</summary>
    public int Series { get; init; } = 5000;

    /// <summary>Scrapes that are timed.</summary>
    public int Scrapes { get; init; } = 50;

    /// <summary>Peers with keys of their own that come and go before.</summary>
    public int Peers { get; init; } = 10_000;

    /// <summary>Where the report goes (JSON); null for nowhere.</summary>
    public string? Report { get; init; }
}
