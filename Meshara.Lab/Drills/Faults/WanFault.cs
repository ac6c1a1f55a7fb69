using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Meshara.Harness;
using Meshara.Harness.Nodes;
using Meshara.Lab.Drills.Wan;

namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// Runs the nodes on separate hosts far from each other, one of them behind NAT, for the whole drill. Then cuts the link between two
/// halves until each half has noticed, and restores it.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class WanFault : IFault
{
    private const int PeriodsToAgree = 3;

    // The nodes' default (Gossip:MemberTimeout), set explicitly so that drill and nodes agree.
    private static readonly TimeSpan DetectionPeriod = TimeSpan.FromSeconds(10);

    // Long enough to detect a missing node and spread the news, even on the busiest machine.
    private static readonly TimeSpan ViewsDeadline = DetectionPeriod * 6;

    // Messages sent this shortly before the cut may be delayed by it.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(3);

    private readonly DrillOptions _options;
    private readonly TimeProvider _time;
    private WanNetwork? _network;
    private TimeSpan? _firstView;
    private TimeSpan? _halves;
    private DateTimeOffset _cutAt;
    private WanRepeats? _beforeCut;

    private WanFault(DrillOptions options, TimeProvider time) => (_options, _time) = (options, time);

    /// <summary>Creates the fault; starts nothing.</summary>
    /// <exception cref="StackException">This machine cannot run it; the message says what is missing.</exception>
    public static WanFault Create(DrillOptions options, TimeProvider time) => WanNetwork.Obstacle() is { } obstacle
        ? throw new StackException(obstacle, LabExitCodes.NotPossibleHere)
        : new WanFault(options, time);

    public IReadOnlyDictionary<string, string> NodeSettings { get; } = new Dictionary<string, string>
    {
        ["Gossip__MemberTimeout"] = DetectionPeriod.ToString("c", CultureInfo.InvariantCulture),
    };

    private WanNetwork Network => _network ?? throw new UnreachableException();

    public async Task PrepareAsync(DrillMesh mesh, CancellationToken stop)
    {
        _network = await WanNetwork.CreateAsync(_options.Nodes, mesh.Nodes[0].Folder + ".network.log", _time, stop);
        mesh.Log.Tell($"{(_network.HasNetem ? "netem" : "this kernel has no netem: the lab itself")} delays what leaves each node");
        foreach (var node in mesh.Nodes)
        {
            node.Launch = node.Launch with
            {
                Within = _network.Within(node.Index),
                ListenHost = "0.0.0.0",
                HostOf = peer => WanNetwork.AddressOf(peer.Index),
                Connect = _network.Open(node.Index).ConnectAsync,
            };
        }
        var hidden = mesh.Nodes[_network.BehindNat - 1];
        hidden.Launch = hidden.Launch.With(new Dictionary<string, string> { ["Mesh__Advertise"] = "none" });
    }

    public async Task ObserveAsync(DrillMesh mesh, CancellationToken stop)
    {
        var started = _time.GetTimestamp();
        if (await mesh.UntilAsync(() => AgreeAsync(mesh, _ => mesh.Nodes.Count, stop), ViewsDeadline, stop))
            _firstView = _time.GetElapsedTime(started);
        else
            mesh.Log.Fail($"the nodes did not find each other within {ViewsDeadline.TotalSeconds:0} s");
    }

    public async Task InjectAsync(DrillMesh mesh, CancellationToken over, CancellationToken stop)
    {
        await mesh.PauseAsync(_options.For, over);
        stop.ThrowIfCancellationRequested();
        _beforeCut = await CountRepeatsAsync(mesh, stop);
        _cutAt = _time.GetUtcNow();
        var started = _time.GetTimestamp();
        var fault = mesh.Log.Begin($"the link between {Names(mesh, 1)} and {Names(mesh, _options.Nodes)} is cut");
        await Network.CutAsync();
        if (await mesh.UntilAsync(() => AgreeAsync(mesh, node => Network.HalfOf(node.Index).Count, stop), ViewsDeadline, stop))
            _halves = _time.GetElapsedTime(started);
        else
            mesh.Log.Fail($"the halves did not notice the cut within {ViewsDeadline.TotalSeconds:0} s");
        await Network.HealAsync();
        mesh.Log.Heal(fault, "the network is whole again");
        await mesh.AgreeAsync(fault, stop);
        if (fault.AgreedAt - fault.HealedAt is { } duration && duration > PeriodsToAgree * DetectionPeriod)
            mesh.Log.Fail($"one view took {duration.TotalSeconds:0} s, more than {PeriodsToAgree} detection periods");
    }

    public async Task<FaultFindings> ReportAsync(DrillMesh mesh, Audit audit, CancellationToken stop)
    {
        foreach (var broken in Network.Broken())
            mesh.Log.Fail(broken);
        var fault = mesh.Log.Events[^1];
        return new FaultFindings
        {
            Network = new WanReport
            {
                Links = Network.HasNetem ? "netem" : "lab",
                DelayMs = mesh.Nodes.ToDictionary(node => node.Name, node => AccessLink.Of(node.Index, mesh.Nodes.Count).Delay.TotalMilliseconds),
                BehindNat = mesh.Nodes[Network.BehindNat - 1].Name,
                Latencies = Latencies(audit),
                BeforeCut = _beforeCut,
                InAll = await CountRepeatsAsync(mesh, stop),
                DetectionSeconds = DetectionPeriod.TotalSeconds,
                FirstViewSeconds = Seconds(_firstView),
                HalvesSeconds = Seconds(_halves),
                OneViewSeconds = Seconds(fault.AgreedAt - fault.HealedAt),
            },
        };
    }

    public async ValueTask DisposeAsync()
    {
        if (_network is not null)
            await _network.DisposeAsync();
    }

    private string Names(DrillMesh mesh, int node) => DrillMesh.Names(Network.HalfOf(node).Select(index => mesh.Nodes[index - 1]));

    /// <summary>True if every node sees the expected number of live members, and there are no more distinct views than expected.</summary>
    private async Task<bool> AgreeAsync(DrillMesh mesh, Func<DrillNode, int> members, CancellationToken stop)
    {
        var views = await Task.WhenAll(mesh.Nodes.Select(async node =>
        {
            var metrics = await node.TryGetMetricsAsync(stop);
            return (Size: metrics?.Sum("meshara_membership_size"), View: metrics?.Sum("meshara_membership_view"), Expected: members(node));
        }));
        // Each of n nodes that should share a view contributes 1/n.
        var expected = (int)Math.Round(views.Sum(view => 1.0 / view.Expected));
        return views.All(view => view.Size == view.Expected) && views.Select(view => view.View).Distinct().Count() == expected;
    }

    private Dictionary<string, WanLatency> Latencies(Audit audit) => audit.Entries
        .Where(entry => entry.BegunAt < _cutAt - Quiet)
        .GroupBy(entry => entry.Sender == Network.BehindNat ? "from_nat" : entry.Recipient == Network.BehindNat ? "to_nat" : "direct")
        .ToDictionary(
            kind => kind.Key,
            kind => Summarize([.. kind.Select(entry => audit.DeliveredAt(entry) - entry.BegunAt).OfType<TimeSpan>().Order()]));

    private static WanLatency Summarize(TimeSpan[] latencies)
    {
        return new WanLatency(latencies.Length, Quantile(0.5), Quantile(0.99), Quantile(1));

        // Nearest-rank method.
        double? Quantile(double quantile) => latencies.Length == 0
            ? null
            : Math.Round(latencies[Math.Max(0, (int)Math.Ceiling(quantile * latencies.Length) - 1)].TotalMilliseconds, 1);
    }

    private static async Task<WanRepeats> CountRepeatsAsync(DrillMesh mesh, CancellationToken stop)
    {
        var metrics = await Task.WhenAll(mesh.Nodes.Select(async node =>
            await node.TryGetMetricsAsync(stop) ?? throw new StackException($"the metrics of {node.Name} cannot be read")));
        var attempts = metrics.SelectMany(node => node.Samples).Where(sample => sample.Name == "meshara_delivery_attempts_total")
            .GroupBy(sample => sample.Labels["outcome"], sample => sample.Value);
        return new WanRepeats(
            metrics.Sum(node => node.Sum("meshara_messages_dropped_total", ("reason", "duplicate"))),
            attempts.ToDictionary(outcome => outcome.Key, outcome => outcome.Sum()),
            mesh.Nodes.Sum(RetransmittedSegments));
    }

    /// <summary>
    /// Reads the TCP counters of a process's network namespace (proc(5)): <c>Tcp: RtoAlgorithm … RetransSegs …</c>, and a line of values.
    /// </summary>
    private static long RetransmittedSegments(DrillNode node)
    {
        if (node.ProcessId is not { } process)
            return 0;
        var counters = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/net/snmp"));
        var tcp = counters.Where(line => line.StartsWith("Tcp:", StringComparison.Ordinal)).ToList();
        return long.Parse(tcp[1].Split(' ')[Array.IndexOf(tcp[0].Split(' '), "RetransSegs")], CultureInfo.InvariantCulture);
    }

    private static double? Seconds(TimeSpan? duration) => duration is { } value ? Math.Round(value.TotalSeconds, 3) : null;
}
