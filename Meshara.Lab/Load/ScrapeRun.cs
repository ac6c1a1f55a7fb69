using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Load;

/// <summary>
/// Measures the duration of a scrape when a node has many series, and whether meeting many peers adds series: thousands of peers with
/// their own keys connect over TLS and leave again. The node runs in its own process, or it would also expose the peers' meters.
/// </summary>
internal sealed class ScrapeRun(ScrapeOptions options, StatusConsole console)
{
    private const string ConnectedPeers = "meshara_connected_peers{} ";
    private const int PeersAtATime = 8;

    // The exporter caches its answer for 300 ms.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(350);

    /// <summary>Lets the peers pass, measures, prints the results, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("meshara-lab-");
        try
        {
            var start = new StartNode("scraped", Path.Combine(folder.FullName, "scraped"), null, new Dictionary<string, string?>());
            await using var node = await PairProcess.StartAsync(start, new Dictionary<string, string?>(), cancellationToken);
            using var client = new HttpClient();
            var early = Math.Max(1, options.Peers / 10);
            await PassAsync(client, node, early, cancellationToken);
            var before = await CountAsync(client, node, cancellationToken);
            await PassAsync(client, node, options.Peers - early, cancellationToken);
            var after = await CountAsync(client, node, cancellationToken);
            console.WriteLine($"{options.Peers} peers came and went: {before} series after the first {early} of them, {after} after all");

            var report = await TimeAsync(client, node, cancellationToken) with { Peers = options.Peers, SeriesBeforePeers = before, SeriesAfterPeers = after };
            console.WriteLine(FormattableString.Invariant($"{report.Series} series, {report.Bytes} bytes: median {report.P50Ms:0.00} ms, 99th percentile {report.P99Ms:0.00} ms"));
            if (options.Report is { } path)
                await File.WriteAllTextAsync(path, JsonSerializer.Serialize(report, DurabilityReport.Json), cancellationToken);
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task PassAsync(HttpClient client, PairProcess node, int count, CancellationToken cancellationToken)
    {
        var endpoint = IPEndPoint.Parse(node.Mesh);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = PeersAtATime, CancellationToken = cancellationToken }, async (_, token) =>
        {
            await using var peer = new PassingPeer();
            await peer.ConnectAsync(endpoint, token);
        });
        // Waits before each scrape, so that it is not answered from the cache.
        string[] lines;
        do
        {
            await Task.Delay(Pause, cancellationToken);
            lines = (await client.GetStringAsync(node.Metrics, cancellationToken)).Split('\n');
        }
        while (!lines.Any(line => line.StartsWith(ConnectedPeers + "0", StringComparison.Ordinal)));
    }

    private async Task<ScrapeReport> TimeAsync(HttpClient client, PairProcess node, CancellationToken cancellationToken)
    {
        await node.AskAsync<SeriesCreated>(new CreateSeries(options.Series - await CountAsync(client, node, cancellationToken)), cancellationToken);
        var times = new List<double>();
        var text = "";
        for (var i = 0; i <= options.Scrapes; i++)
        {
            await Task.Delay(Pause, cancellationToken);
            var started = Stopwatch.GetTimestamp();
            text = await client.GetStringAsync(node.Metrics, cancellationToken);
            if (i > 0) // the first one includes compilation and connecting
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        times.Sort();
        return new ScrapeReport(Series(text), text.Length, times[times.Count / 2], times[(int)Math.Ceiling(times.Count * 0.99) - 1], 0, 0, 0);
    }

    private static async Task<int> CountAsync(HttpClient client, PairProcess node, CancellationToken cancellationToken) =>
        Series(await client.GetStringAsync(node.Metrics, cancellationToken));

    private static int Series(string text) => text.Split('\n').Count(line => line.Length > 0 && line[0] != '#');
}
