using System.Diagnostics;
using System.Text.Json;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Load;

/// <summary>Every node of a mesh sends to every other at full speed; each node is a separate process.</summary>
internal sealed class MeshRun(MeshLoadOptions options, StatusConsole console)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly Dictionary<string, string?> Settings = new() { ["OTEL_TRACES_SAMPLER"] = "always_off" };

    /// <summary>Runs the rounds, prints the results, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("meshara-lab-");
        var nodes = new List<PairProcess>();
        try
        {
            for (var i = 1; i <= options.Nodes; i++)
            {
                var order = new StartNode($"node-{i}", Path.Combine(folder.FullName, $"node-{i}"), nodes.Count == 0 ? null : $"tcp://{nodes[0].Mesh}", Settings);
                nodes.Add(await PairProcess.StartAsync(order, new Dictionary<string, string?>(), cancellationToken));
            }
            await RoundAsync(nodes, WarmUp, cancellationToken);
            var rounds = new List<MeshRound>();
            for (var i = 1; i <= options.Rounds; i++)
            {
                rounds.Add(await RoundAsync(nodes, options.For / options.Rounds, cancellationToken));
                var last = rounds[^1];
                console.WriteLine(FormattableString.Invariant(
                    $"round {i}: {last.MessagesPerSecond:0}/s, {last.CpuUsPerMessage:0.0} µs CPU a message; on the slowest node p50 {last.P50Us / 1000:0.0} ms, p99 {last.P99Us / 1000:0.0} ms"));
            }
            await ReportAsync(rounds, cancellationToken);
            return 0;
        }
        finally
        {
            foreach (var node in nodes)
                await node.DisposeAsync();
            folder.Delete(recursive: true);
        }
    }

    private async Task<MeshRound> RoundAsync(List<PairProcess> nodes, TimeSpan duration, CancellationToken cancellationToken)
    {
        foreach (var node in nodes)
            await node.AskAsync<CountBegun>(new BeginCount(), cancellationToken);
        var started = Stopwatch.GetTimestamp();
        var pace = PairPace.Saturating(options.Payload);
        pace = pace with { Callers = Math.Max(8, pace.Callers / nodes.Count), Window = Math.Max(64, pace.Window / nodes.Count) };
        var sent = await Task.WhenAll(nodes.Select(node => node.AskAsync<MessagesSent>(
            new SendMessages([.. nodes.Where(other => other != node).Select(other => other.Address)], options.Payload, duration, pace), cancellationToken)));
        var elapsed = Stopwatch.GetElapsedTime(started);
        var arrivals = nodes.ToDictionary(node => node.Address, node => sent.Sum(of => of.PerRecipient.GetValueOrDefault(node.Address)));
        var counts = await Task.WhenAll(nodes.Select(node => node.AskAsync<NodeCount>(new EndCount(arrivals[node.Address]), cancellationToken)));
        var messages = sent.Sum(of => of.Messages);
        if (nodes.Zip(counts).Any(pair => pair.Second.Arrivals != arrivals[pair.First.Address] || pair.Second.Damaged > 0))
            throw new InvalidOperationException($"{messages} messages were sent, {counts.Sum(count => count.Arrivals)} arrived, {counts.Sum(count => count.Damaged)} of them damaged.");
        return new MeshRound(
            messages, messages / elapsed.TotalSeconds, counts.Max(count => count.Latency!.P50Us), counts.Max(count => count.Latency!.P99Us),
            counts.Sum(count => count.Cpu.TotalMicroseconds) / messages);
    }

    private async Task ReportAsync(List<MeshRound> rounds, CancellationToken cancellationToken)
    {
        var report = new MeshReport(
            options.Nodes, options.Payload, Median(round => round.MessagesPerSecond), Median(round => round.P50Us), Median(round => round.P99Us),
            Median(round => round.CpuUsPerMessage), rounds.Sum(round => round.Messages), 0, rounds);
        console.WriteLine(FormattableString.Invariant($"{report.MessagesPerSecond:0}/s between {report.Nodes} nodes, {report.CpuUsPerMessage:0.0} µs CPU a message"));
        if (options.Report is { } path)
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(report, DurabilityReport.Json), cancellationToken);

        double Median(Func<MeshRound, double> value) => Math.Round(Spread.Of(rounds.Select(value)).Median, 1);
    }
}
