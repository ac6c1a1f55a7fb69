using System.Text.Json;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Meshara.Lab.Load;
using Spectre.Console;

namespace Meshara.Lab.Peers;

/// <summary>
/// Compares a durable pair of nodes with message brokers: the same messages from a sender to a recipient, in turn within one run, so
/// that other work on the machine slows all of them.
/// </summary>
internal sealed class PeersRun(LoadOptions options, StatusConsole console)
{
    private const double Mib = 1024 * 1024;

    // A few methods are compiled again and again; a candidate is warm once little else is.
    private const int FewMethods = 50;
    private const int MaxWarmUps = 6;
    private static readonly TimeSpan MaxWarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan MaxUnloaded = TimeSpan.FromSeconds(5);

    private TimeSpan WarmUp => options.For < MaxWarmUp ? options.For : MaxWarmUp;

    private TimeSpan UnloadedFor => options.For < MaxUnloaded ? options.For : MaxUnloaded;

    private PairPace Saturating => PairPace.Saturating(options.Payload);

    /// <summary>Runs the rounds, prints the table, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            throw new StackException("This comparison reads what processes use in /proc: it needs Linux.", LabExitCodes.NotPossibleHere);
        using var place = new BrokerPlace();
        var candidates = new List<ICandidate>();
        var skipped = new List<SkippedCandidate>();
        try
        {
            foreach (var entry in Catalogue.All)
                await StartAsync(entry, place, candidates, skipped, cancellationToken);
            var rounds = candidates.ToDictionary(candidate => candidate, _ => new List<CandidateRound>());
            for (var i = 0; i <= options.Rounds; i++)
            {
                // What comes first in one round comes last in the next.
                foreach (var candidate in i % 2 == 1 ? [.. candidates] : Enumerable.Reverse(candidates).ToList())
                    await TryAsync(candidate, i, candidates, rounds[candidate], skipped, cancellationToken);
            }
            await ReportAsync(candidates, rounds, skipped, cancellationToken);
            return 0;
        }
        finally
        {
            foreach (var candidate in candidates)
                await candidate.DisposeAsync();
        }
    }

    private async Task StartAsync(
        Catalogue.Entry entry, BrokerPlace place, List<ICandidate> candidates, List<SkippedCandidate> skipped,
        CancellationToken cancellationToken)
    {
        if (entry.Find() is not { } programs)
        {
            skipped.Add(new SkippedCandidate(entry.Name, entry.Missing));
            console.WriteLine($"{entry.Name} is left out: {entry.Missing}");
            return;
        }
        candidates.Add(await entry.StartAsync(programs, place, cancellationToken));
        console.WriteLine($"{candidates[^1].Name} {candidates[^1].Version} runs");
    }

    // The first turn only warms up. A broker that fails is left out from then on; Meshara must not fail.
    private async Task TryAsync(
        ICandidate candidate, int round, List<ICandidate> candidates, List<CandidateRound> rounds, List<SkippedCandidate> skipped,
        CancellationToken cancellationToken)
    {
        try
        {
            if (round == 0)
            {
                await WarmUpAsync(candidate, cancellationToken);
                return;
            }
            rounds.Add(await MeasureAsync(candidate, cancellationToken));
            console.WriteLine($"round {round}: {candidate.Name,-10} {Text(rounds[^1])}");
        }
        catch (Exception exception) when (candidate is BrokerCandidate && exception is not OperationCanceledException)
        {
            candidates.Remove(candidate);
            skipped.Add(new SkippedCandidate(candidate.Name, $"failed: {exception.Message}"));
            console.WriteLine($"{candidate.Name} is left out: {exception.Message}");
            await candidate.DisposeAsync();
        }
    }

    private async Task WarmUpAsync(ICandidate candidate, CancellationToken cancellationToken)
    {
        for (var i = 0; i < MaxWarmUps; i++)
        {
            var loaded = await candidate.SendAsync(options.Payload, WarmUp, Saturating, cancellationToken);
            var single = await candidate.SendAsync(options.Payload, WarmUp, PairPace.Unloaded, cancellationToken);
            if (loaded.CompiledMethods + single.CompiledMethods < FewMethods)
                return;
        }
    }

    private async Task<CandidateRound> MeasureAsync(ICandidate candidate, CancellationToken cancellationToken)
    {
        var before = Use(candidate);
        var loaded = await candidate.SendAsync(options.Payload, options.For, Saturating, cancellationToken);
        var after = Use(candidate);
        var resident = TreeUse.Of(candidate.Processes).ResidentBytes;
        var single = await candidate.SendAsync(options.Payload, UnloadedFor, PairPace.Unloaded, cancellationToken);
        return new CandidateRound(
            loaded.Messages + single.Messages, loaded.Doubled + single.Doubled, Math.Round(loaded.PerSecond, 1), single.Latency,
            Math.Round((after.Cpu - before.Cpu).TotalMicroseconds / loaded.Messages, 1),
            Math.Round((double)(after.WrittenBytes - before.WrittenBytes) / loaded.Messages, 1), Math.Round(resident / Mib, 1));
    }

    private static TreeUse Use(ICandidate candidate) =>
        TreeUse.Of(candidate.Processes) + TreeUse.Only(Environment.ProcessId);

    private async Task ReportAsync(
        List<ICandidate> candidates, Dictionary<ICandidate, List<CandidateRound>> rounds, List<SkippedCandidate> skipped,
        CancellationToken cancellationToken)
    {
        var reports = candidates.Select(candidate => CandidateReport.Of(candidate, rounds[candidate], rounds[candidates[0]])).ToList();
        console.Write(Table(reports));
        if (options.Report is { } path)
        {
            var report = new PeersReport(options.Payload, options.For.TotalSeconds, reports, skipped);
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(report, DurabilityReport.Json), cancellationToken);
        }
    }

    private static Table Table(IEnumerable<CandidateReport> reports)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("", "a second", "p50 / p99 / p99.9 µs", "CPU µs", "written B", "MiB", "durable", "encrypted", "delivered");
        foreach (var one in reports)
        {
            table.AddRow(
                $"{one.Name} {one.Version}", FormattableString.Invariant($"{one.MessagesPerSecond:0}"),
                FormattableString.Invariant($"{one.P50Us:0} / {one.P99Us:0} / {one.P999Us:0}"),
                FormattableString.Invariant($"{one.CpuUsPerMessage:0.0}"), FormattableString.Invariant($"{one.WrittenBytesPerMessage:0}"),
                FormattableString.Invariant($"{one.ResidentMib:0}"),
                one.Promise.Durable, one.Promise.Encrypted, one.Promise.Delivery);
        }
        return table;
    }

    private static string Text(CandidateRound round) => FormattableString.Invariant(
        $"{round.MessagesPerSecond:0}/s; single messages p50 {round.Unloaded.P50Us:0} µs, p99 {round.Unloaded.P99Us:0} µs; ")
        + FormattableString.Invariant(
        $"CPU {round.CpuUsPerMessage:0.0} µs, {round.WrittenBytesPerMessage:0} B written a message; {round.ResidentMib:0} MiB");
}
