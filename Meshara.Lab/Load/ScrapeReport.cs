namespace Meshara.Lab.Load;

/// <summary>The report of <c>scrape</c>.</summary>
/// <param name="Series">Number of series in the last timed scrape.</param>
/// <param name="Bytes">Length of its text.</param>
/// <param name="P50Ms">Median time of a scrape, in milliseconds.</param>
/// <param name="P99Ms">99th percentile of the same.</param>
/// <param name="Peers">Number of peers that came and went.</param>
/// <param name="SeriesBeforePeers">Number of series after a tenth of them, when every kind of event has its series.</param>
/// <param name="SeriesAfterPeers">Number of series after all of them.</param>
internal sealed record ScrapeReport(int Series, int Bytes, double P50Ms, double P99Ms, int Peers, int SeriesBeforePeers, int SeriesAfterPeers);
