namespace Meshara.Lab.Load;

/// <summary>What <c>scrape</c> writes.</summary>
/// <param name="Series">Series in the last scrape that was timed.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="P50Ms">Median time of a scrape, in milliseconds.</param>
/// <param name="P99Ms">The 99th percentile.</param>
/// <param name="Peers">Peers that came and went.</param>
/// <param name="SeriesBeforePeers">Series when a tenth of them had, so that every kind of event has its series.</param>
/// <param name="SeriesAfterPeers">Series when all had.</param>
internal sealed record ScrapeReport(int Series, int Bytes, double P50Ms, double P99Ms, int Peers, int SeriesBeforePeers, int SeriesAfterPeers);
