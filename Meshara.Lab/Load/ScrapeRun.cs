using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Meshara.AppHost.Local;
using Meshara.Node.Telemetry;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.Lab.Load;

/// <summary>
/// How long a scrape takes when a node has many series, and whether it gets more of them by meeting many peers: thousands with
/// keys of their own connect over TLS and leave again.
/// </summary>
internal sealed class ScrapeRun(ScrapeOptions options, StatusConsole console)
{
    // Below the SDK's limit of series of one instrument.
    private const int SeriesPerInstrument = 1000;
    private const int PeersAtATime = 8;

    // The exporter answers from a cache within its 300 ms.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(350);

    /// <summary>Lets the peers pass, then measures, says what was seen, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("meshara-lab-");
        try
        {
            await using var node = await PairNode.StartAsync("scraped", folder.FullName, new Dictionary<string, string?>(), null, cancellationToken);
            using var client = new HttpClient();
            var early = Math.Max(1, options.Peers / 10);
            await PassAsync(node, early, cancellationToken);
            var before = await CountAsync(client, node, cancellationToken);
            await PassAsync(node, options.Peers - early, cancellationToken);
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

    private static async Task PassAsync(PairNode node, int count, CancellationToken cancellationToken)
    {
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = PeersAtATime, CancellationToken = cancellationToken }, async (_, token) =>
        {
            await using var peer = new PassingPeer();
            await peer.ConnectAsync(node.Bound, token);
        });
        while (node.ConnectedPeers > 0)
            await Task.Delay(Pause, cancellationToken);
        await Task.Delay(Pause, cancellationToken); // so that the next scrape is a new one
    }

    private async Task<ScrapeReport> TimeAsync(HttpClient client, PairNode node, CancellationToken cancellationToken)
    {
        using var meter = node.Get<IMeterFactory>().Create(MeshTelemetry.Name);
        var missing = options.Series - await CountAsync(client, node, cancellationToken);
        for (var i = 0; i < missing; i++)
        {
            meter.CreateCounter<long>($"meshara.lab.{i / SeriesPerInstrument}")
                .Add(1, new("reason", $"reason_{i % SeriesPerInstrument}"), new KeyValuePair<string, object?>("message_type", "private"));
        }
        var times = new List<double>();
        var text = "";
        for (var i = 0; i <= options.Scrapes; i++)
        {
            await Task.Delay(Pause, cancellationToken);
            var started = Stopwatch.GetTimestamp();
            text = await client.GetStringAsync(node.Metrics, cancellationToken);
            if (i > 0) // the first one pays for compilation and the connection
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        times.Sort();
        return new ScrapeReport(Series(text), text.Length, times[times.Count / 2], times[(int)Math.Ceiling(times.Count * 0.99) - 1], 0, 0, 0);
    }

    private static async Task<int> CountAsync(HttpClient client, PairNode node, CancellationToken cancellationToken) =>
        Series(await client.GetStringAsync(node.Metrics, cancellationToken));

    private static int Series(string text) => text.Split('\n').Count(line => line.Length > 0 && line[0] != '#');
}
