using System.Text.Json;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Load;

/// <summary>
/// Measures the cost of durability. Two warm pairs of nodes, one with storage in memory and one on disk, take turns under the same load,
/// so that other work on the machine slows both equally.
/// </summary>
internal sealed class DurabilityRun(LoadOptions options, StatusConsole console)
{
    private static readonly Dictionary<string, string?> Environment = [];

    /// <summary>Runs the rounds, prints the results, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using var memory = await Pair.StartAsync(Settings("memory"), Environment, cancellationToken);
        await using var normal = await Pair.StartAsync(Settings("normal"), Environment, cancellationToken);
        // The first round of each includes compilation and does not count.
        await MeasureAsync(memory, cancellationToken);
        await MeasureAsync(normal, cancellationToken);
        var rounds = new List<DurabilityRound>();
        for (var i = 1; i <= options.Rounds; i++)
        {
            var round = new DurabilityRound(await MeasureAsync(memory, cancellationToken), await MeasureAsync(normal, cancellationToken));
            rounds.Add(round);
            console.WriteLine($"round {i}: memory {round.MemoryPerSecond:0}/s, normal {round.NormalPerSecond:0}/s, ratio {round.Ratio:0.00}");
        }
        var report = new DurabilityReport(options.Payload, rounds, Spread.Of(rounds.Select(round => round.Ratio)).Median);
        console.WriteLine($"median ratio {report.MedianRatio:0.00}");
        if (options.Report is { } path)
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(report, DurabilityReport.Json), cancellationToken);
        return 0;
    }

    private async Task<double> MeasureAsync(Pair pair, CancellationToken cancellationToken) =>
        (await pair.SendAsync(options.Payload, options.For, PairPace.Saturating(options.Payload), cancellationToken)).PerSecond;

    private static Dictionary<string, string?> Settings(string durability) => new() { ["Storage:Durability"] = durability, ["OTEL_TRACES_SAMPLER"] = "always_off" };
}
