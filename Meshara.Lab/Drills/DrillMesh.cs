using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Network;
using Meshara.Harness.Nodes;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Drills;

/// <summary>The mesh under test and the operations on it.</summary>
internal sealed class DrillMesh : IAsyncDisposable
{
    private static readonly TimeSpan AskInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AgreementDeadline = TimeSpan.FromSeconds(60);

    private readonly TimeProvider _time;
    private readonly PortLease _lease;

    private DrillMesh(PortLease lease, Stack stack, IReadOnlyList<DrillNode> nodes, FaultyNetwork? network, Random random, FaultLog log, TimeProvider time)
    {
        _lease = lease;
        Stack = stack;
        Nodes = nodes;
        Network = network;
        Random = random;
        Log = log;
        _time = time;
    }

    /// <summary>Its description.</summary>
    public Stack Stack { get; }

    /// <summary>The nodes, node-1 first.</summary>
    public IReadOnlyList<DrillNode> Nodes { get; }

    /// <summary>The network of proxies between the nodes; null if they dial each other directly.</summary>
    public FaultyNetwork? Network { get; }

    /// <summary>Source of the fault's random choices. Not thread-safe.</summary>
    public Random Random { get; }

    /// <summary>The log of everything done to the mesh.</summary>
    public FaultLog Log { get; }

    /// <summary>Prepares a mesh on free ports; starts nothing.</summary>
    public static DrillMesh Create(
        DrillOptions options, IReadOnlyDictionary<string, string> settings, bool hasNetwork, StackFiles files, FaultLog log, StatusConsole console, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        var program = Locations.NodeExecutable();
        var lease = Ports.Lease(options.Nodes, Random.Shared);
        var stack = Stack.Create(options.Nodes, lease.Ports);
        // Messages evicted from a full inbox would look lost. The default is 40 times what a one-minute drill puts into one inbox.
        var inbox = Math.Clamp((long)(2 * options.Rate * options.For.TotalSeconds), 100_000, 100_000_000);
        var environment = new Dictionary<string, string>(settings) { ["Storage__MaxInboxMessages"] = inbox.ToString(CultureInfo.InvariantCulture) };
        var nodes = stack.Nodes.Select(plan => new DrillNode(plan, stack, files, program, log, console, time)
        {
            Launch = new NodeLaunch { ListenPort = hasNetwork ? plan.HiddenMeshPort : null, Environment = environment },
        }).ToList();
        var network = hasNetwork
            ? new FaultyNetwork([.. nodes.Select(node => (node.Index, node.MeshPort, node.HiddenMeshPort))],
                () => nodes.Select(node => (Process: node.ProcessId, node.Index)).Where(node => node.Process is not null).ToDictionary(node => node.Process!.Value, node => node.Index),
                options.Seed, time)
            : null;
        return new DrillMesh(lease, stack, nodes, network, new Random(options.Seed), log, time);
    }

    /// <summary>Starts node-1, then all others, and returns once all are ready.</summary>
    public async Task StartAsync(CancellationToken stop)
    {
        Network?.Start();
        Nodes[0].Start();
        await Nodes[0].WaitUntilReadyAsync(stop);
        foreach (var node in Nodes.Skip(1))
            node.Start();
        await Task.WhenAll(Nodes.Select(node => node.WaitUntilReadyAsync(stop)));
    }

    /// <summary>
    /// Restarts nodes after <paramref name="fault"/>, which this heals. A node that cannot start is recorded as a failure; the
    /// drill goes on.
    /// </summary>
    public async Task RestartAsync(FaultEvent fault, IReadOnlyCollection<DrillNode> nodes, CancellationToken stop)
    {
        foreach (var node in nodes)
            node.Start();
        Log.Heal(fault);
        await Task.WhenAll(nodes.Select(async node =>
        {
            try
            {
                await node.WaitUntilReadyAsync(stop);
            }
            catch (StackException exception)
            {
                Log.Fail(exception.Message);
            }
        }));
        Log.Ready(fault);
    }

    /// <summary>
    /// Waits until all nodes have the same view of live members. If they never do, a failure is recorded; the drill goes on.
    /// </summary>
    public async Task AgreeAsync(FaultEvent fault, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(fault);
        if (await UntilAsync(() => IsAgreedAsync(stop), AgreementDeadline, stop))
            Log.Agree(fault);
        else
            Log.Fail($"the nodes do not agree who is alive {AgreementDeadline.TotalSeconds:0} s after: {fault.What}");
    }

    /// <summary>Waits for a condition.</summary>
    /// <returns>False if it did not hold within <paramref name="limit"/>.</returns>
    public async Task<bool> UntilAsync(Func<Task<bool>> condition, TimeSpan limit, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var started = _time.GetTimestamp();
        using var timer = new PeriodicTimer(AskInterval, _time);
        while (!await condition())
        {
            if (_time.GetElapsedTime(started) > limit)
                return false;
            await timer.WaitForNextTickAsync(stop);
        }
        return true;
    }

    private async Task<bool> IsAgreedAsync(CancellationToken stop)
    {
        var metrics = await Task.WhenAll(Nodes.Select(node => node.TryGetMetricsAsync(stop)));
        var views = metrics.Select(node => node?.Samples.FirstOrDefault(sample => sample.Name == "meshara_membership_view")?.Value);
        return views.Distinct().ToList() is [not null];
    }

    /// <summary>Restarts nodes that ended by themselves and must be present at the end.</summary>
    public async Task ReviveAsync(CancellationToken stop)
    {
        DrillNode[] dead = [.. Nodes.Where(node => node.GetsMessages && node.ProcessId is null)];
        if (dead.Length > 0)
            await RestartAsync(Log.Begin($"{Names(dead)} started again to read the inbox"), dead, stop);
    }

    /// <summary>A random node that is up.</summary>
    public DrillNode Any()
    {
        DrillNode[] up = [.. Nodes.Where(node => node.IsUp)];
        return up.Length > 0 ? up[Random.Next(up.Length)] : Nodes[Random.Next(Nodes.Count)];
    }

    /// <summary>Waits.</summary>
    /// <returns>False if the time for faults is over.</returns>
    public async Task<bool> PauseAsync(TimeSpan duration, CancellationToken over)
    {
        await Task.Delay(duration, _time, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !over.IsCancellationRequested;
    }

    /// <summary>The names of some nodes, as text.</summary>
    public static string Names(IEnumerable<DrillNode> nodes) => string.Join(", ", nodes.Select(node => node.Name));

    /// <summary>Stops all nodes concurrently: a draining node may need answers from its neighbours.</summary>
    public Task StopAsync(CancellationToken killNow) => Task.WhenAll(Nodes.Select(node => node.StopAsync(killNow)));

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
            await node.DisposeAsync();
        if (Network is not null)
            await Network.DisposeAsync();
        _lease.Dispose();
    }
}
