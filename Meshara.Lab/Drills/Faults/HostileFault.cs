using System.Globalization;
using Meshara.Harness.Nodes;
using Meshara.Harness.Traffic;
using Meshara.Lab.Drills.Hostile;

namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// Hostile peers: one kind of attack after another, each for the same time. No node may stop, lose or duplicate a message, become slow
/// or need much more memory.
/// </summary>
internal sealed class HostileFault(DrillOptions options, TimeProvider time) : IFault
{
    private const double ShareWithinSecond = 0.95;
    private const double MaxMemoryRatio = 2;
    private const double Mebibyte = 1024 * 1024;
    private const int AskedAtATime = 16;

    // Pause between two attacks, so that the effects of one do not count for the next.
    private const double RestShare = 0.15;
    private static readonly TimeSpan WarmUpTime = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(3);

    private readonly TimeSpan _share = options.For / 6;
    private readonly HostileCrowd _crowd = new(time);
    private readonly List<AttackWindow> _windows = [];
    private IReadOnlyDictionary<string, long> _idle = new Dictionary<string, long>();

    public IReadOnlyDictionary<string, string> NodeSettings { get; } = new Dictionary<string, string>
    {
        // As in production, where nodes do not keep traces of every message in memory.
        ["DOTNET_ENVIRONMENT"] = "Production",
        // Fewer connections than the crowd wants, so that nodes must choose.
        ["Transport__MaxConnections"] = "40",
        ["Transport__HighWater"] = "32",
        ["Transport__LowWater"] = "24",
        ["Transport__GracePeriod"] = "00:00:02",
        // Must elapse within one attack, even in a short drill.
        ["Transport__SendTimeout"] = TimeSpan.FromSeconds(Math.Clamp(options.For.TotalSeconds / 20, 1, 5)).ToString("c", CultureInfo.InvariantCulture),
        // The drill queries every message at its end.
        ["Storage__MaxCompleted"] = Math.Clamp((long)(2 * options.Rate * options.For.TotalSeconds), 20_000, 10_000_000).ToString(CultureInfo.InvariantCulture),
    };

    private List<IAttack> Attacks =>
        [new CalmAttack(), new NonsenseAttack(time), new DeafAttack(), new FloodAttack(options.Rate, time), new DeadRecipientsAttack(_share * (1 - RestShare), time), new EclipseAttack()];

    public async Task ObserveAsync(DrillMesh mesh, CancellationToken stop)
    {
        // What a node compiles and allocates for its first messages must not count as an effect of an attack.
        using var warm = new CancellationTokenSource(WarmUpTime, time);
        await Parallel.ForEachAsync(new Pacer(options.Rate, time).Beats(warm.Token), stop, async (number, token) =>
        {
            var recipient = mesh.Nodes[(number + 1) % mesh.Nodes.Count].Address;
            await mesh.Nodes[number % mesh.Nodes.Count].Api.SendAsync(recipient, "warm up", token);
        });
        var watch = new AttackWatch(mesh, time);
        using var idle = new CancellationTokenSource(IdleTime, time);
        _idle = await watch.PeaksAsync(idle.Token, stop);
    }

    public async Task InjectAsync(DrillMesh mesh, CancellationToken over, CancellationToken stop)
    {
        var watch = new AttackWatch(mesh, time);
        foreach (var attack in Attacks)
        {
            if (over.IsCancellationRequested)
                break;
            var fault = mesh.Log.Begin(attack.What);
            _windows.Add(await EndureAsync(attack, mesh, watch, over, stop));
            mesh.Log.Heal(fault);
            await mesh.PauseAsync(_share * RestShare, over);
        }
    }

    public async Task<FaultFindings> ReportAsync(DrillMesh mesh, Audit audit, CancellationToken stop)
    {
        var reports = new List<AttackReport>();
        foreach (var window in _windows)
        {
            var report = Report(window, await AskAsync(mesh, [.. audit.Entries.Where(message => message.BegunAt >= window.Began && message.BegunAt < window.Ended)], stop));
            reports.Add(report);
            Judge(report, mesh.Log);
        }
        return new FaultFindings { Attacks = reports };
    }

    public ValueTask DisposeAsync() => _crowd.DisposeAsync();

    private async Task<AttackWindow> EndureAsync(IAttack attack, DrillMesh mesh, AttackWatch watch, CancellationToken over, CancellationToken stop)
    {
        var before = await watch.LookAsync(stop);
        var deeds = new Deeds();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(over);
        ended.CancelAfter(_share * (1 - RestShare));
        var began = time.GetUtcNow();
        var peaks = watch.PeaksAsync(ended.Token, stop);
        await attack.RunAsync(mesh, _crowd, deeds, ended.Token);
        var end = time.GetUtcNow();
        await _crowd.DisperseAsync();
        return new AttackWindow(attack.Name, began, end, await peaks, Since(before, await watch.LookAsync(stop)), deeds.Counts);
    }

    private static SortedDictionary<string, long> Since(IReadOnlyDictionary<string, NodeFigures> before, IReadOnlyDictionary<string, NodeFigures> after)
    {
        var counted = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (name, figures) in after)
        {
            foreach (var (counter, value) in figures.Counts)
            {
                if (value - (before.GetValueOrDefault(name)?.Counts.GetValueOrDefault(counter) ?? 0) is > 0 and var more)
                    counted[counter] = counted.GetValueOrDefault(counter) + more;
            }
        }
        return counted;
    }

    /// <summary>The state of each message, according to its sender; null for one that was not accepted.</summary>
    private static async Task<SentMessage?[]> AskAsync(DrillMesh mesh, IReadOnlyList<LedgerEntry> messages, CancellationToken stop)
    {
        var told = new SentMessage?[messages.Count];
        await Parallel.ForAsync(0, messages.Count, new ParallelOptions { MaxDegreeOfParallelism = AskedAtATime, CancellationToken = stop }, async (i, token) =>
        {
            if (messages[i].Id is { } id)
                told[i] = await mesh.Nodes[messages[i].Sender - 1].Api.TryGetMessageAsync(id, token);
        });
        return told;
    }

    private AttackReport Report(AttackWindow window, SentMessage?[] messages)
    {
        var latencies = new LatencyHistogram();
        var (acknowledged, withinSecond) = (0L, 0L);
        foreach (var message in messages)
        {
            if (message is not { State: "acknowledged", AcceptedAt: { } accepted, CompletedAt: { } completed })
                continue;
            acknowledged++;
            withinSecond += completed - accepted <= TimeSpan.FromSeconds(1) ? 1 : 0;
            latencies.Record(completed - accepted);
        }
        return new AttackReport
        {
            Attack = window.Attack,
            Seconds = Math.Round((window.Ended - window.Began).TotalSeconds, 3),
            Sent = messages.Length,
            Acknowledged = acknowledged,
            WithinSecond = messages.Length > 0 ? Math.Round((double)withinSecond / messages.Length, 4) : null,
            P50Ms = Rounded(latencies.QuantileMs(0.5)),
            P99Ms = Rounded(latencies.QuantileMs(0.99)),
            MemoryRatio = Math.Round(window.Peaks.Max(node => (double)node.Value / _idle.GetValueOrDefault(node.Key, node.Value)), 3),
            MemoryMib = Mebibytes(window.Peaks),
            IdleMemoryMib = Mebibytes(_idle),
            Refused = Sum(window.Counted, "connection_errors.refused", "connections_closed.pruned"),
            SlowConsumers = Sum(window.Counted, "connections_closed.slow_consumer"),
            Bans = Sum(window.Counted, "connections_closed.protocol"),
            Done = window.Done,
            Counted = window.Counted,
        };
    }

    private static void Judge(AttackReport report, FaultLog log)
    {
        log.Tell(string.Create(CultureInfo.InvariantCulture,
            $"{report.Attack}: {report.WithinSecond:P2} of {report.Sent} acknowledged within 1 s, p99 {report.P99Ms} ms, memory {report.MemoryRatio:0.00} times the idle one"));
        if (report.WithinSecond is not >= ShareWithinSecond)
            log.Fail(string.Create(CultureInfo.InvariantCulture, $"{report.Attack}: only {report.WithinSecond:P2} of the messages were acknowledged within 1 s"));
        if (report.MemoryRatio >= MaxMemoryRatio)
            log.Fail(string.Create(CultureInfo.InvariantCulture, $"{report.Attack}: a node held {report.MemoryRatio:0.00} times the memory of an idle one"));
    }

    private static double? Rounded(double? milliseconds) => milliseconds is { } value ? Math.Round(value, 2) : null;

    private static SortedDictionary<string, double> Mebibytes(IReadOnlyDictionary<string, long> bytes) =>
        new(bytes.ToDictionary(node => node.Key, node => Math.Round(node.Value / Mebibyte, 1)), StringComparer.Ordinal);

    private static long Sum(IReadOnlyDictionary<string, long> counted, params IEnumerable<string> counters) => counters.Sum(counter => counted.GetValueOrDefault(counter));
}
