using System.Text.Json;
using Meshara.AppHost.Local;

namespace Meshara.Lab.Load;

/// <summary>
/// What durability costs: the same load between two nodes, with storage in memory and on disk in turn, so that a machine that is
/// busy with something else slows down both alike.
/// </summary>
internal sealed class DurabilityRun(LoadOptions options, StatusConsole console)
{
    private static readonly string[] Modes = ["memory", "normal"];

    private readonly PairLoad _load = new(options.Payload);

    /// <summary>Runs the rounds, says what was seen, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        // The first round of each mode pays for compilation and is not counted.
        foreach (var mode in Modes)
            await MeasureAsync(mode, cancellationToken);
        var rounds = new List<DurabilityRound>();
        for (var i = 1; i <= options.Rounds; i++)
        {
            var round = new DurabilityRound(await MeasureAsync("memory", cancellationToken), await MeasureAsync("normal", cancellationToken));
            rounds.Add(round);
            console.WriteLine($"round {i}: memory {round.MemoryPerSecond:0}/s, normal {round.NormalPerSecond:0}/s, ratio {round.Ratio:0.00}");
        }
        var report = new DurabilityReport(options.Payload, rounds, Spread.Of(rounds.Select(round => round.Ratio)).Median);
        console.WriteLine($"median ratio {report.MedianRatio:0.00}");
        if (options.Report is { } path)
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(report, DurabilityReport.Json), cancellationToken);
        return 0;
    }

    private async Task<double> MeasureAsync(string mode, CancellationToken cancellationToken) =>
        (await _load.MeasureAsync(new Dictionary<string, string?> { ["Storage:Durability"] = mode }, TimeSpan.Zero, options.For, scraped: false, cancellationToken)).PerSecond;
}
