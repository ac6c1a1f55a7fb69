namespace Meshara.Lab.Load;

/// <summary>Options of <c>scrape</c>.</summary>
internal sealed record ScrapeOptions
{
    /// <summary>Number of the node's series when scrapes are timed.</summary>
    public int Series { get; init; } = 5000;

    /// <summary>Number of timed scrapes.</summary>
    public int Scrapes { get; init; } = 50;

    /// <summary>Number of peers, each with its own keys, that come and go before.</summary>
    public int Peers { get; init; } = 10_000;

    /// <summary>Path of the report (JSON); null for none.</summary>
    public string? Report { get; init; }
}
