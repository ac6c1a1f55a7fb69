using System.Text.Json;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Load;

/// <summary>
/// Measures the cost of telemetry per message with five pairs of nodes: without telemetry; with scraped metrics; with one trace in a
/// hundred exported as well; with all other traces also held in case they fail or are slow; and with all traces exported. All pairs are
/// warm and take turns in short slices, so that other work on the machine slows all equally. Compares the latency of single messages,
/// which users notice, and CPU time under full load, where throughput varies by more than the difference to be measured.
/// </summary>
internal sealed class OverheadRun(LoadOptions options, StatusConsole console)
{
    // Slices of load before the first round: by then the JIT compiler has optimized the hot code.
    private const int WarmUpSlices = 4;

    // Two processes of the same program differ by more than the effect to be measured, because of JIT decisions and memory layout. So the
    // processes are replaced from time to time.
    private const int RoundsPerProcess = 5;

    // Slices are this short, so once a second means once per slice.
    private static readonly TimeSpan ScrapeInterval = TimeSpan.FromSeconds(1);

    private static readonly PairTelemetry[] Modes =
        [PairTelemetry.Off, PairTelemetry.Metrics, PairTelemetry.Sampled, PairTelemetry.Kept, PairTelemetry.All];

    /// <summary>Runs the rounds, prints the results, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using var sink = await OtlpSink.StartAsync(cancellationToken);
        var rounds = new List<OverheadRound>();
        while (rounds.Count < options.Rounds)
            await RunAsync(sink, rounds, Math.Min(RoundsPerProcess, options.Rounds - rounds.Count), cancellationToken);
        await ReportAsync(rounds, cancellationToken);
        return 0;
    }

    /// <summary>Runs some rounds with one set of processes.</summary>
    private async Task RunAsync(OtlpSink sink, List<OverheadRound> rounds, int count, CancellationToken cancellationToken)
    {
        var pairs = new List<Pair>();
        try
        {
            foreach (var mode in Modes)
            {
                pairs.Add(await Pair.StartAsync(mode.Settings(sink), new Dictionary<string, string?>(), cancellationToken));
                await SendAsync(mode, pairs[^1], options.For * WarmUpSlices, PairPace.Saturating(options.Payload), cancellationToken);
                await SendAsync(mode, pairs[^1], options.For, PairPace.Unloaded, cancellationToken);
            }
            if (sink.Bytes == 0)
                throw new InvalidOperationException("No span reached the collector: there is nothing to compare.");
            for (var i = 0; i < count; i++)
            {
                rounds.Add(await RoundAsync(pairs, cancellationToken));
                console.WriteLine($"round {rounds.Count}: {Text(rounds[^1])}");
            }
        }
        finally
        {
            foreach (var pair in pairs)
                await pair.DisposeAsync();
        }
    }

    /// <summary>Measures the modes in random order, so that drift within a round affects all modes equally.</summary>
    private async Task<OverheadRound> RoundAsync(List<Pair> pairs, CancellationToken cancellationToken)
    {
        var costs = new OverheadCost[Modes.Length];
        var order = Enumerable.Range(0, Modes.Length).ToArray();
        Random.Shared.Shuffle(order);
        foreach (var i in order)
        {
            var single = await SendAsync(Modes[i], pairs[i], options.For, PairPace.Unloaded, cancellationToken);
            var loaded = await SendAsync(Modes[i], pairs[i], options.For, PairPace.Saturating(options.Payload), cancellationToken);
            costs[i] = new OverheadCost(single.Recipient.Latency!.P50Us, loaded.CpuMicroseconds);
        }
        return new OverheadRound(costs[0], costs[1], costs[2], costs[3], costs[4]);
    }

    private async Task<PairResult> SendAsync(PairTelemetry mode, Pair pair, TimeSpan duration, PairPace pace, CancellationToken cancellationToken)
    {
        await using var scrapes = mode.Scrape(pair, ScrapeInterval);
        return await pair.SendAsync(options.Payload, duration, pace, cancellationToken);
    }

    private async Task ReportAsync(List<OverheadRound> rounds, CancellationToken cancellationToken)
    {
        var path = Compare(rounds, cost => cost.PathUs);
        var cpu = Compare(rounds, cost => cost.CpuUs);
        console.WriteLine($"way of a single message: {Text(path)}");
        console.WriteLine($"processor time under full load: {Text(cpu)}");
        if (options.Report is not { } file)
            return;
        var report = new OverheadReport(
            options.Payload, path.MetricsPercent.Median, path.MetricsAndSampledTracesPercent.Median, path.MetricsAndKeptTracesPercent.Median,
            path.AllTracesPercent.Median, path, cpu, rounds);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(report, DurabilityReport.Json), cancellationToken);
    }

    private static OverheadSpread Compare(List<OverheadRound> rounds, Func<OverheadCost, double> cost)
    {
        return new OverheadSpread(
            Percent(round => round.Metrics), Percent(round => round.MetricsAndSampledTraces),
            Percent(round => round.MetricsAndKeptTraces), Percent(round => round.AllTraces));

        Spread Percent(Func<OverheadRound, OverheadCost> mode) => Spread.Of(rounds.Select(round => (cost(mode(round)) / cost(round.None) - 1) * 100));
    }

    private static string Text(OverheadSpread more) => $"metrics {more.MetricsPercent} %, and 1 % of traces {more.MetricsAndSampledTracesPercent} %, "
        + $"the others held {more.MetricsAndKeptTracesPercent} %, all traces {more.AllTracesPercent} %";

    private static string Text(OverheadRound round) =>
        $"no telemetry {Text(round.None)}; metrics {Text(round.Metrics)}; and 1 % of traces {Text(round.MetricsAndSampledTraces)}; "
        + $"the others held {Text(round.MetricsAndKeptTraces)}; all traces {Text(round.AllTraces)}";

    private static string Text(OverheadCost cost) => FormattableString.Invariant($"{cost.PathUs:0} µs on its way, {cost.CpuUs:0.0} µs of CPU");
}
