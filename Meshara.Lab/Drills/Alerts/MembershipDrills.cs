using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Network;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>Drills of members that are missing or have different views.</summary>
internal static class MembershipDrills
{
    // Enough for several evaluations.
    private static readonly TimeSpan AWhile = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How soon nodes give up a silent member. The default, 10 s, would use most of the 14 s in which a partition must be reported in
    /// accelerated time. Divided by the factor, it would be shorter than delays on a busy machine.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Impatience { get; } = new Dictionary<string, string>
    {
        ["Gossip__MembershipInterval"] = "00:00:00.5",
        ["Gossip__MemberTimeout"] = "00:00:04",
    };

    public static AlertDrill NodeDown(int victim, int sender) => new()
    {
        Alert = "NodeDown",
        Fault = $"kills node-{victim} while node-{sender} goes on to send to it, and then removes its target as well",
        BreakAsync = async (bench, stop) =>
        {
            var node = bench.Node(victim);
            await node.KillAsync();
            var flow = bench.Send(sender, 40, () => node.Address);
            return new Undo(async () =>
            {
                await flow.DisposeAsync();
                bench.Monitoring.WriteTargets("meshara", bench.Monitoring.NodeTargets());
                node.Start();
                await node.WaitUntilReadyAsync(stop);
            });
        },
        Expected = _ => [AlertBench.Of(victim)],
        ThenAsync = async (bench, stop) =>
        {
            // The consequences for other nodes must be reported as well, since a member may be missing for days.
            await bench.UntilAsync(() => Task.FromResult(bench.Monitoring.Notifications.All.Any(note => note.Alert == "DeliveryBacklogGrowing" && note.IsFiring)),
                $"somebody is told that the backlog of node-{sender} grows", stop);
            // Removing the target must not resolve the alert.
            bench.Monitoring.WriteTargets("meshara", bench.Monitoring.NodeTargets().Where(target => target.Node != bench.Node(victim).Name));
            await bench.UntilAsync(async () => await bench.CountAsync($"count(up{{node=\"node-{victim}\"}})", stop) == 0, "the target is gone", stop);
            await Task.Delay(AWhile, bench.Time, stop);
            if (!await bench.IsFiringAsync(AlertBench.Of(victim).With(("alertname", "NodeDown")), stop))
                throw new StackException("it was resolved by the removal of the target");
        },
    };

    public static AlertDrill NodeFlapping(int victim) => new()
    {
        Alert = "NodeFlapping",
        Fault = $"kills node-{victim}, which was killed and started twice before, and starts it again",
        BeforeAsync = async (bench, stop) =>
        {
            await RestartAsync(bench, victim, stop);
            await RestartAsync(bench, victim, stop);
        },
        BreakAsync = async (bench, stop) =>
        {
            await RestartAsync(bench, victim, stop);
            return new Undo(() => bench.Node(victim).WaitUntilReadyAsync(stop));
        },
        Expected = _ => [AlertBench.Of(victim)],
    };

    /// <summary>
    /// Returns as soon as the rule has seen the new process. A process that it never saw would not count as a restart, and all
    /// three restarts must fall into its window, 30 s in accelerated time.
    /// </summary>
    private static async Task RestartAsync(AlertBench bench, int victim, CancellationToken stop)
    {
        var node = bench.Node(victim);
        var before = await StartedAsync();
        await node.KillAsync();
        node.Start();
        await bench.UntilAsync(async () => await StartedAsync() > before, $"the rule sees the new process of {node.Name}", stop);

        Task<double> StartedAsync() => bench.CountAsync($"max(cluster_node:process_start_time_seconds:max{{node=\"node-{victim}\"}})", stop);
    }

    public static AlertDrill MeshPartitioned(params int[] island) => new()
    {
        Alert = "MeshPartitioned",
        Fault = $"cuts {string.Join(" and ", island.Select(node => string.Create(CultureInfo.InvariantCulture, $"node-{node}")))} off from the others; packets vanish",
        Needs = DrillNeeds.Linux,
        BreakAsync = (bench, _) => Task.FromResult<IAsyncDisposable>(Split(bench, Breach.Silent, island)),
        Expected = _ => [Labels.Of(("cluster", Stack.Cluster))],
        Quiet = [AlertBench.Of(1).With(("alertname", "MembershipTooSmall")), AlertBench.Of(island[0]).With(("alertname", "MembershipTooSmall"))],
    };

    public static AlertDrill NoPeersConnected(int victim) => new()
    {
        Alert = "NoPeersConnected",
        Fault = $"cuts node-{victim} off from all others; connections break and dials are refused",
        Needs = DrillNeeds.Linux,
        BreakAsync = (bench, _) => Task.FromResult<IAsyncDisposable>(Split(bench, Breach.Rejecting, victim)),
        Expected = bench => [bench.Scraped(victim)],
    };

    // The plain case, a node that others do not see, is reported as a partition: see MeshPartitioned, where this alert is inhibited.
    public static AlertDrill MembershipTooSmall(int doubled) => new()
    {
        Alert = "MembershipTooSmall",
        Fault = $"lists node-{doubled} under a second name, so that one more member answers than the nodes see",
        BreakAsync = (bench, stop) =>
        {
            var (first, second) = (bench.Mesh.Stack.Nodes[doubled - 1], Extra(bench));
            bench.Monitoring.WriteTargets("meshara", [.. bench.Monitoring.NodeTargets(), ($"127.0.0.1:{first.MetricsPort}", second)]);
            return Task.FromResult<IAsyncDisposable>(new Undo(async () =>
            {
                // Removing its target does not remove a member; it has to be retired.
                await File.WriteAllTextAsync(Path.Combine(bench.Monitoring.PrometheusFolder, "rules", "retired.yml"), $"""
                    groups:
                      - name: meshara-retired
                        rules:
                          - record: cluster_node:meshara_member:retired
                            expr: vector(1)
                            labels:
                              cluster: {Stack.Cluster}
                              node: {second}
                    """, stop);
                await bench.Monitoring.Prometheus.ReloadAsync(stop);
                bench.Monitoring.WriteTargets("meshara", bench.Monitoring.NodeTargets());
            }));
        },
        Expected = bench => Enumerable.Range(1, bench.Mesh.Nodes.Count + 1).Select(AlertBench.Of),
    };

    private static string Extra(AlertBench bench) => $"node-{bench.Mesh.Nodes.Count + 1}";

    private static Undo Split(AlertBench bench, Breach breach, params int[] island)
    {
        var network = bench.Mesh.Network!;
        network.Split([.. island], breach);
        return new Undo(network.Heal);
    }
}
