using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Meshara.AppHost.Local;

namespace Meshara.Lab.Load;

/// <summary>
/// What a collector does that takes connections and never answers: the same load with every trace exported to it and without any
/// export, in turn; then one long run towards it, with an eye on memory.
/// </summary>
internal sealed class BlackHoleRun(LoadOptions options, TimeSpan memoryFor, StatusConsole console)
{
    private const double MiB = 1024 * 1024;
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(5);

    private readonly PairLoad _load = new(options.Payload);

    /// <summary>Runs the rounds and the long run, says what was seen, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var blackHole = new TcpListener(IPAddress.Loopback, 0); // the kernel takes connections, nobody reads
        blackHole.Start(backlog: 512);
        var without = new Dictionary<string, string?> { ["OTEL_TRACES_SAMPLER"] = "always_on" };
        var with = new Dictionary<string, string?>(without)
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://{blackHole.LocalEndpoint}",
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "1000",
        };
        await RoundAsync(without, with, cancellationToken); // pays for compilation and is not counted
        var ratios = new List<double>();
        for (var i = 1; i <= options.Rounds; i++)
        {
            var (free, held) = await RoundAsync(without, with, cancellationToken);
            ratios.Add(held / free);
            console.WriteLine(FormattableString.Invariant($"round {i}: no exporter {free:0}/s, black hole {held:0}/s, ratio {held / free:0.000}"));
        }
        var ratio = Spread.Of(ratios);
        var memory = await WatchMemoryAsync(with, cancellationToken);
        var growth = Growth(memory);
        console.WriteLine($"throughput ratio {ratio}");
        console.WriteLine(FormattableString.Invariant($"working set over {memoryFor.TotalSeconds:0} s: {memory[0].WorkingSetMib:0} MiB at first, {memory[^1].WorkingSetMib:0} MiB at last; last quarter to second quarter {growth:0.000}"));
        if (options.Report is { } path)
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(new BlackHoleReport(ratio, growth, memory), DurabilityReport.Json), cancellationToken);
        return 0;
    }

    private async Task<(double Without, double With)> RoundAsync(
        Dictionary<string, string?> without, Dictionary<string, string?> with, CancellationToken cancellationToken) =>
        ((await _load.MeasureAsync(without, WarmUp, options.For, scraped: false, cancellationToken)).PerSecond,
            (await _load.MeasureAsync(with, WarmUp, options.For, scraped: false, cancellationToken)).PerSecond);

    private async Task<List<MemorySample>> WatchMemoryAsync(Dictionary<string, string?> settings, CancellationToken cancellationToken)
    {
        var samples = new List<MemorySample>();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var load = LoadAsync();
        using var timer = new PeriodicTimer(SampleInterval);
        var started = Stopwatch.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(ended.Token))
                samples.Add(new MemorySample(Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds), Environment.WorkingSet / MiB));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The load has ended.
        }
        await load;
        return samples.Count >= 8 ? samples : throw new InvalidOperationException("The long run was too short to see anything.");

        async Task LoadAsync()
        {
            try
            {
                await _load.MeasureAsync(settings, WarmUp, memoryFor, scraped: false, cancellationToken);
            }
            finally
            {
                await ended.CancelAsync();
            }
        }
    }

    /// <summary>The first quarter is left out: the heap finds its size in it.</summary>
    private static double Growth(List<MemorySample> memory)
    {
        var quarter = memory.Count / 4;
        return Median(memory[^quarter..]) / Median(memory[quarter..(2 * quarter)]);

        static double Median(List<MemorySample> samples) => Spread.Of(samples.Select(sample => sample.WorkingSetMib)).Median;
    }
}
