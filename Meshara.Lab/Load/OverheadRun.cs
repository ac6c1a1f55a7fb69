using System.Text.Json;
using Meshara.AppHost.Local;

namespace Meshara.Lab.Load;

/// <summary>
/// What telemetry costs: the same load between two nodes with nobody listening, with metrics that are scraped, with one trace in a
/// hundred exported as well, and with all of them, in turn. Compared is processor time: throughput on a shared machine varies by more
/// than what is looked for.
/// </summary>
internal sealed class OverheadRun(LoadOptions options, StatusConsole console)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(500);

    private readonly PairLoad _load = new(options.Payload);

    /// <summary>Runs the rounds, says what was seen, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using var sink = await OtlpSink.StartAsync(cancellationToken);
        Mode[] modes =
        [
            new(new() { ["OTEL_SDK_DISABLED"] = "true" }, Scraped: false),
            new(new() { ["OTEL_TRACES_SAMPLER"] = "always_off" }, Scraped: true),
            new(Exporting(sink, "traceidratio", "0.01"), Scraped: true),
            new(Exporting(sink, "always_on", null), Scraped: true),
        ];
        await RoundAsync(modes, cancellationToken); // pays for compilation and is not counted
        if (sink.Bytes == 0)
            throw new InvalidOperationException("No span reached the collector: there is nothing to compare.");
        var rounds = new List<OverheadRound>();
        for (var i = 1; i <= options.Rounds; i++)
        {
            rounds.Add(await RoundAsync(modes, cancellationToken));
            var last = rounds[^1];
            console.WriteLine(FormattableString.Invariant(
                $"round {i}: {last.None:0.0} µs a message; metrics {last.Metrics:0.0}, with 1 % of traces {last.MetricsAndSampledTraces:0.0}, with all {last.AllTraces:0.0}"));
        }
        await ReportAsync(rounds, cancellationToken);
        return 0;
    }

    /// <summary>In another order each time, so that what drifts over a round hits every mode alike.</summary>
    private async Task<OverheadRound> RoundAsync(Mode[] modes, CancellationToken cancellationToken)
    {
        var cpu = new double[modes.Length];
        var order = Enumerable.Range(0, modes.Length).ToArray();
        Random.Shared.Shuffle(order);
        foreach (var i in order)
            cpu[i] = (await MeasureAsync(modes[i], cancellationToken)).CpuMicroseconds;
        return new OverheadRound(cpu[0], cpu[1], cpu[2], cpu[3]);
    }

    private async Task<LoadResult> MeasureAsync(Mode mode, CancellationToken cancellationToken)
    {
        // What the previous pair left behind must not be collected on this one's account.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return await _load.MeasureAsync(mode.Settings, WarmUp, options.For, mode.Scraped, cancellationToken);
    }

    private async Task ReportAsync(List<OverheadRound> rounds, CancellationToken cancellationToken)
    {
        var metrics = Percent(rounds, round => round.Metrics);
        var sampled = Percent(rounds, round => round.MetricsAndSampledTraces);
        var all = Percent(rounds, round => round.AllTraces);
        console.WriteLine($"metrics: {metrics} %");
        console.WriteLine($"metrics and 1 % of traces: {sampled} %");
        console.WriteLine($"all traces: {all} %");
        if (options.Report is not { } path)
            return;
        var report = new OverheadReport(options.Payload, metrics.Median, sampled.Median, all.Median, new Dictionary<string, Spread>
        {
            ["metrics_percent"] = metrics, ["metrics_and_sampled_traces_percent"] = sampled, ["all_traces_percent"] = all,
        }, rounds);
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(report, DurabilityReport.Json), cancellationToken);
    }

    private static Spread Percent(List<OverheadRound> rounds, Func<OverheadRound, double> mode) =>
        Spread.Of(rounds.Select(round => (mode(round) / round.None - 1) * 100));

    private static Dictionary<string, string?> Exporting(OtlpSink sink, string sampler, string? ratio) => new()
    {
        ["OTEL_TRACES_SAMPLER"] = sampler,
        ["OTEL_TRACES_SAMPLER_ARG"] = ratio,
        ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = sink.Endpoint + "/v1/traces",
        ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf",
    };

    private sealed record Mode(Dictionary<string, string?> Settings, bool Scraped);
}
