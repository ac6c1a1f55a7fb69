using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Load;

/// <summary>
/// Measures the effect of a collector that accepts connections and never answers. A pair of nodes that exports every trace to it takes
/// turns with a pair that exports nothing; then one long run with the collector watches memory.
/// </summary>
internal sealed class BlackHoleRun(LoadOptions options, TimeSpan memoryFor, StatusConsole console)
{
    private const double MiB = 1024 * 1024;
    private const int FewestSamples = 8;
    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(5);

    /// <summary>Runs the rounds and the long run, prints the results, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var blackHole = new TcpListener(IPAddress.Loopback, 0); // the kernel accepts connections, nothing reads
        blackHole.Start(backlog: 512);
        var recording = new Dictionary<string, string?> { ["OTEL_TRACES_SAMPLER"] = "always_on" };
        var exporting = new Dictionary<string, string?>(recording)
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://{blackHole.LocalEndpoint}",
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "1000",
        };
        await using var free = await Pair.StartAsync(recording, new Dictionary<string, string?>(), cancellationToken);
        await using var held = await Pair.StartAsync(exporting, new Dictionary<string, string?>(), cancellationToken);
        await SendAsync(free, options.For, cancellationToken);
        await SendAsync(held, options.For, cancellationToken);
        var ratios = new List<double>();
        for (var i = 1; i <= options.Rounds; i++)
        {
            var without = (await SendAsync(free, options.For, cancellationToken)).PerSecond;
            var with = (await SendAsync(held, options.For, cancellationToken)).PerSecond;
            ratios.Add(with / without);
            console.WriteLine(FormattableString.Invariant($"round {i}: no exporter {without:0}/s, black hole {with:0}/s, ratio {with / without:0.000}"));
        }
        var ratio = Spread.Of(ratios);
        var memory = await WatchMemoryAsync(held, cancellationToken);
        var growth = Growth(memory);
        console.WriteLine($"throughput ratio {ratio}");
        console.WriteLine(FormattableString.Invariant(
            $"working set over {memoryFor.TotalSeconds:0} s: {memory[0].Mib:0} MiB at first, {memory[^1].Mib:0} MiB at last; last quarter to second quarter {growth:0.000}"));
        if (options.Report is { } path)
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(new BlackHoleReport(ratio, growth, memory), DurabilityReport.Json), cancellationToken);
        return 0;
    }

    private Task<PairResult> SendAsync(Pair pair, TimeSpan duration, CancellationToken cancellationToken) =>
        pair.SendAsync(options.Payload, duration, PairPace.Saturating(options.Payload), cancellationToken);

    private async Task<List<MemorySample>> WatchMemoryAsync(Pair pair, CancellationToken cancellationToken)
    {
        var samples = new List<MemorySample>();
        var slice = memoryFor < SampleInterval * FewestSamples ? memoryFor / FewestSamples : SampleInterval;
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < memoryFor || samples.Count < FewestSamples)
        {
            var result = await SendAsync(pair, slice, cancellationToken);
            samples.Add(new MemorySample(
                Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 1), result.Sender.WorkingSetBytes / MiB, result.Recipient.WorkingSetBytes / MiB));
        }
        return samples;
    }

    /// <summary>Leaves out the first quarter, in which the heap is still growing to its working size.</summary>
    private static double Growth(List<MemorySample> memory)
    {
        var quarter = memory.Count / 4;
        return Median(memory[^quarter..]) / Median(memory[quarter..(2 * quarter)]);

        static double Median(List<MemorySample> samples) => Spread.Of(samples.Select(sample => sample.Mib)).Median;
    }
}
