using System.Globalization;
using System.Text.Json;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Load;

/// <summary>
/// Measures how fast two real nodes exchange messages, and how fast cryptography alone would allow. Each round measures both, so that
/// other work on the machine slows both equally.
/// </summary>
internal sealed class PairRun(PairOptions options, StatusConsole console)
{
    // The JIT compiler recompiles hot code on processors that the nodes need. A pair is warm once little of that is left.
    private const int FewMethods = 50;
    private const int MaxWarmUps = 8;
    private static readonly TimeSpan MaxWarmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MaxUnloaded = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FloorFor = TimeSpan.FromMilliseconds(600);

    // The interval in alerts/prometheus.yml.
    private static readonly TimeSpan ScrapeInterval = TimeSpan.FromSeconds(5);

    private TimeSpan WarmUp => options.For / options.Rounds < MaxWarmUp ? options.For / options.Rounds : MaxWarmUp;

    private TimeSpan UnloadedFor => options.For / options.Rounds < MaxUnloaded ? options.For / options.Rounds : MaxUnloaded;

    /// <summary>Runs the rounds, prints the results, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using var sink = await OtlpSink.StartAsync(cancellationToken);
        await using var pair = await Pair.StartAsync(Settings(sink), new Dictionary<string, string?>(), cancellationToken);
        await using var scrapes = options.Telemetry.Scrape(pair, ScrapeInterval);
        await WarmUpAsync(pair, cancellationToken);
        await CryptoFloor.MeasureAsync(options.Payload, options.KeyPerMessage, FloorFor);
        var rounds = new List<PairRound>();
        var bytes = 0d;
        for (var i = 1; i <= options.Rounds; i++)
        {
            var before = await WireBytesAsync(pair, cancellationToken);
            rounds.Add(await RoundAsync(pair, cancellationToken));
            bytes += await WireBytesAsync(pair, cancellationToken) - before;
            console.WriteLine($"round {i}: {Text(rounds[^1])}");
        }
        var report = Report(rounds, bytes);
        console.WriteLine(FormattableString.Invariant(
            $"{report.MessagesPerSecond:0}/s, {report.RatioToCeiling:0.00} of the {report.CeilingPerSecond:0}/s that cryptography allows; single messages {report.P50Us:0} µs, 99 % within {report.P99Us:0} µs"));
        if (options.Report is { } path)
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(report, DurabilityReport.Json), cancellationToken);
        return 0;
    }

    private async Task WarmUpAsync(Pair pair, CancellationToken cancellationToken)
    {
        for (var i = 0; i < MaxWarmUps; i++)
        {
            await pair.SendAsync(options.Payload, WarmUp, PairPace.Saturating(options.Payload), cancellationToken);
            var single = await pair.SendAsync(options.Payload, WarmUp, PairPace.Unloaded, cancellationToken);
            if (single.CompiledMethods < FewMethods)
                return;
        }
    }

    private async Task<PairRound> RoundAsync(Pair pair, CancellationToken cancellationToken)
    {
        var floor = await CryptoFloor.MeasureAsync(options.Payload, options.KeyPerMessage, FloorFor);
        var loaded = await pair.SendAsync(options.Payload, options.For / options.Rounds, PairPace.Saturating(options.Payload), cancellationToken);
        var unloaded = await pair.SendAsync(options.Payload, UnloadedFor, PairPace.Unloaded, cancellationToken);
        return new PairRound(
            loaded.Messages, loaded.PerSecond, floor.CreateUs, floor.OpenUs, floor.CeilingPerSecond, loaded.PerSecond / floor.CeilingPerSecond,
            unloaded.Recipient.Latency!, loaded.Recipient.Latency!, loaded.CpuMicroseconds, loaded.AllocatedBytes,
            (loaded.Sender.CollectionPauses + loaded.Recipient.CollectionPauses).TotalMilliseconds);
    }

    private Dictionary<string, string?> Settings(OtlpSink sink)
    {
        var settings = options.Telemetry.Settings(sink);
        settings["Storage:Durability"] = options.Storage;
        if (options.KeyPerMessage)
            settings["Sealing:MessagesPerKey"] = "1";
        return settings;
    }

    /// <summary>Bytes that the sender has sent and received below TLS so far; NaN if nothing counts them.</summary>
    private async Task<double> WireBytesAsync(Pair pair, CancellationToken cancellationToken)
    {
        if (options.Telemetry == PairTelemetry.Off)
            return double.NaN;
        using var client = new HttpClient();
        // The exporter caches its answer for 300 ms.
        await Task.Delay(TimeSpan.FromMilliseconds(350), cancellationToken);
        var text = await client.GetStringAsync(pair.Sender.Metrics, cancellationToken);
        return text.Split('\n').Where(line => line.StartsWith("meshara_network_bytes_total{", StringComparison.Ordinal))
            .Sum(line => double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture));
    }

    private PairReport Report(List<PairRound> rounds, double bytes)
    {
        var perSecond = Median(round => round.MessagesPerSecond);
        var messages = rounds.Sum(round => round.Messages);
        return new PairReport(
            options.Payload, options.KeyPerMessage ? "message" : "session", options.Storage, options.Telemetry.ToString().ToLowerInvariant(),
            perSecond, perSecond * options.Payload / 1e6,
            Median(round => round.Unloaded.P50Us), Median(round => round.Unloaded.P99Us), Median(round => round.Unloaded.P999Us),
            Median(round => round.Loaded.P50Us), Median(round => round.Loaded.P99Us), Median(round => round.Loaded.P999Us),
            Median(round => round.CreateUs), Median(round => round.OpenUs), Median(round => round.CeilingPerSecond), Median(round => round.RatioToCeiling),
            Median(round => round.CpuUsPerMessage), double.IsNaN(bytes) ? null : bytes / messages, Median(round => round.AllocatedBytesPerMessage),
            messages, 0, rounds);

        double Median(Func<PairRound, double> value) => Math.Round(Spread.Of(rounds.Select(value)).Median, 3);
    }

    private static string Text(PairRound round) => FormattableString.Invariant(
        $"{round.MessagesPerSecond:0}/s, ceiling {round.CeilingPerSecond:0}/s ({round.CreateUs:0.0} + {round.OpenUs:0.0} µs), ratio {round.RatioToCeiling:0.00}; single messages p50 {round.Unloaded.P50Us:0} µs, p99 {round.Unloaded.P99Us:0} µs; CPU {round.CpuUsPerMessage:0.0} µs, {round.AllocatedBytesPerMessage:0} B allocated a message");
}
