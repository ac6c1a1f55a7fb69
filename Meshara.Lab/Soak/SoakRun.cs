using System.Globalization;
using System.Security.Cryptography;
using Meshara.Harness;
using Meshara.Harness.Network;
using Meshara.Harness.Terminal;
using Meshara.Lab.Drills;
using Meshara.Lab.Drills.Hostile;
using Meshara.Lab.Load;

namespace Meshara.Lab.Soak;

/// <summary>
/// A long run of a mesh with everything that drills do, one after the other, again and again: nodes killed and ended, slow links, hostile
/// peers, and a time of rest; with all telemetry. What the nodes hold must not grow.
/// </summary>
internal sealed class SoakRun(SoakOptions options, StatusConsole console, StopRequests stops, TimeProvider time)
{
    private const int Steady = 2;

    // A row of seen ids with its index, of outgoing or incoming messages.
    private const double BytesPerId = 256;
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(90);

    private static readonly LinkConditions Slow = new() { Latency = TimeSpan.FromMilliseconds(40), Jitter = TimeSpan.FromMilliseconds(40) };

    private readonly DrillLedger _ledger = new(RandomNumberGenerator.GetHexString(12, lowercase: true), time);
    private readonly FaultLog _log = new(console, stops, time);
    private readonly Dictionary<string, long> _faults = [];
    private readonly Deeds _deeds = new();
    private readonly TimeSpan _beat = TimeSpan.FromSeconds(Math.Clamp(options.For.TotalSeconds / 20, 2, 15));

    /// <summary>Runs, and writes the report.</summary>
    /// <returns>An exit code.</returns>
    /// <exception cref="StackException">It cannot be run.</exception>
    public async Task<int> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("meshara-soak-").FullName;
        var passed = false;
        try
        {
            console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"Soak: {SoakOptions.Nodes} nodes, {options.Rate} messages/s for {options.For.TotalSeconds} s, seed {options.Seed}; in {folder}"));
            await using var sink = await OtlpSink.StartAsync(stops.Stop);
            var logs = Path.Combine(folder, "node-logs");
            await using var mesh = DrillMesh.Create(
                new DrillOptions { Name = "soak", Nodes = SoakOptions.Nodes, Rate = options.Rate, For = options.For, Seed = options.Seed },
                new Dictionary<string, string>(), hasNetwork: true, new StackFiles(folder), _log, console, time);
            foreach (var node in mesh.Nodes)
                node.Launch = node.Launch.With(Settings(sink, logs));
            try
            {
                await mesh.StartAsync(stops.Stop);
                var report = await RunAsync(mesh, sink, logs);
                passed = report.Passed;
                if (options.Report is { } file)
                    EndpointsFile.WriteAtomically(file, report.ToJson());
                console.WriteLines(report.Summary());
            }
            finally
            {
                await mesh.StopAsync(stops.Kill);
            }
            return passed ? ExitCodes.Success : ExitCodes.Failure;
        }
        catch (OperationCanceledException) when (stops.Stop.IsCancellationRequested)
        {
            return ExitCodes.Killed;
        }
        finally
        {
            if (passed)
                Directory.Delete(folder, recursive: true);
            else
                console.WriteLine($"The nodes' folders and logs are in {folder}");
        }
    }

    /// <summary>Every limit so low that it is reached in the warm-up: what still grows then has none.</summary>
    private static Dictionary<string, string> Settings(OtlpSink sink, string logs) => new()
    {
        ["DOTNET_ENVIRONMENT"] = "Production",
        ["Storage__MaxInboxMessages"] = "500",
        ["Storage__MaxCompleted"] = "500",
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = sink.Endpoint,
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio",
        ["OTEL_TRACES_SAMPLER_ARG"] = "0.1",
        ["MESHARA_LOG"] = "info",
        ["MESHARA_LOG_DIR"] = logs,
        ["Logs__MaxFileBytes"] = "65536",
        ["Logs__MaxFiles"] = "2",
    };

    private async Task<SoakReport> RunAsync(DrillMesh mesh, OtlpSink sink, string logs)
    {
        var started = time.GetTimestamp();
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(stops.Stop);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stops.Stop);
        over.CancelAfter(options.For);
        var following = new InboxReader(mesh, _ledger, time).FollowAsync(reading.Token);
        var watch = new SoakWatch([.. mesh.Nodes.Take(Steady)], logs, time);
        var watching = watch.RunAsync(TimeSpan.FromSeconds(Math.Clamp(options.For.TotalSeconds / 360, 1, 5)), over.Token);
        var traffic = new DrillTraffic(mesh, _ledger, new Random(options.Seed), time).RunAsync(options.Rate, over.Token);
        await BreakAsync(mesh, over.Token);
        await Task.WhenAll(watching, traffic);
        stops.Stop.ThrowIfCancellationRequested();
        var sent = time.GetElapsedTime(started);
        await mesh.ReviveAsync(stops.Stop);
        await mesh.UntilAsync(() => Task.FromResult(_ledger.Count().Waiting == 0), SettleTime, stops.Stop);
        await reading.CancelAsync();
        await following;
        var counts = _ledger.Count();
        var warmUp = options.For / 4;
        return new SoakReport
        {
            Seconds = Math.Round(sent.TotalSeconds, 1), WarmUpSeconds = warmUp.TotalSeconds, Seed = options.Seed,
            Accepted = counts.Accepted, Waiting = counts.Waiting, Faults = _faults, Attacks = _deeds.Counts, TelemetryBytes = sink.Bytes,
            Failures = _log.Failures, Series = watch.Series(warmUp, BytesPerId * 2 * counts.Accepted / SoakOptions.Nodes),
        };
    }

    private async Task BreakAsync(DrillMesh mesh, CancellationToken over)
    {
        await using var crowd = new HostileCrowd(time);
        while (await mesh.PauseAsync(_beat, over))
        {
            await RestartAsync(mesh, over);
            await SlowDownAsync(mesh, over);
            await AttackAsync(new NonsenseAttack(time), mesh, crowd, over);
            await AttackAsync(new DeafAttack(), mesh, crowd, over);
        }
    }

    private async Task RestartAsync(DrillMesh mesh, CancellationToken over)
    {
        var victim = mesh.Nodes[mesh.Random.Next(Steady, mesh.Nodes.Count)];
        var isKill = mesh.Random.Next(2) == 0;
        var fault = Begin(isKill ? "kill" : "restart", $"{victim.Name} {(isKill ? "killed" : "asked to end")}");
        await (isKill ? victim.KillAsync() : victim.TerminateAsync());
        await mesh.PauseAsync(_beat * mesh.Random.NextDouble(), over);
        await mesh.RestartAsync(fault, [victim], stops.Stop);
    }

    private async Task SlowDownAsync(DrillMesh mesh, CancellationToken over)
    {
        if (over.IsCancellationRequested)
            return;
        var fault = Begin("slow_links", "everything between the nodes is slow, connections break");
        mesh.Network!.Conditions = Slow;
        await mesh.PauseAsync(_beat / 2, over);
        mesh.Network.ResetOne();
        await mesh.PauseAsync(_beat / 2, over);
        mesh.Network.Conditions = LinkConditions.Good;
        mesh.Log.Heal(fault, "the network is good again");
    }

    private async Task AttackAsync(IAttack attack, DrillMesh mesh, HostileCrowd crowd, CancellationToken over)
    {
        if (over.IsCancellationRequested)
            return;
        var fault = Begin(attack.Name, attack.What);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(over);
        ends.CancelAfter(_beat);
        await attack.RunAsync(mesh, crowd, _deeds, ends.Token);
        await crowd.DisperseAsync();
        mesh.Log.Heal(fault);
    }

    private FaultEvent Begin(string kind, string what)
    {
        _faults[kind] = _faults.GetValueOrDefault(kind) + 1;
        return _log.Begin(what);
    }
}
