using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Network;
using Meshara.Harness.Nodes;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Drills;

/// <summary>The mesh under test and what can be done to it.</summary>
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

    /// <summary>Its plan.</summary>
    public Stack Stack { get; }

    /// <summary>The nodes, node-1 first.</summary>
    public IReadOnlyList<DrillNode> Nodes { get; }

    /// <summary>What stands between the nodes; null when they dial each other directly.</summary>
    public FaultyNetwork? Network { get; }

    /// <summary>For the choices of the fault, which makes them one after the other.</summary>
    public Random Random { get; }

    /// <summary>Told of everything that is done.</summary>
    public FaultLog Log { get; }

    /// <summary>Plans a mesh on free ports; nothing is started.</summary>
    public static DrillMesh Create(
        DrillOptions options, IReadOnlyDictionary<string, string> settings, bool hasNetwork, StackFiles files, FaultLog log, StatusConsole console, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        var program = Locations.NodeExecutable();
        var lease = Ports.Lease(options.Nodes, Random.Shared);
        var stack = Stack.Create(options.Nodes, lease.Ports);
        // What an inbox forgets because it holds enough would look lost. The default is 40 times what a minute's drill puts into one.
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

    /// <summary>Starts every node, node-1 first, and returns when all are ready and connected.</summary>
    public async Task StartAsync(CancellationToken stop)
    {
        Network?.Start();
        Nodes[0].Start();
        await Nodes[0].WaitUntilReadyAsync(stop);
        foreach (var node in Nodes.Skip(1))
            node.Start();
        await Task.WhenAll(Nodes.Select(node => node.WaitUntilReadyAsync(stop)));
    }

    /// <summary>Starts nodes again after <paramref name="fault"/>, which is healed by that. One that cannot start is a failure of the drill, not its end.</summary>
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

    /// <summary>Waits until all nodes believe the same nodes alive. That they never do is a failure of the drill, not its end.</summary>
    public async Task AgreeAsync(FaultEvent fault, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(fault);
        if (await UntilAsync(() => IsAgreedAsync(stop), AgreementDeadline, stop))
            Log.Agree(fault);
        else
            Log.Fail($"the nodes do not agree who is alive {AgreementDeadline.TotalSeconds:0} s after: {fault.What}");
    }

    /// <summary>Waits for a condition.</summary>
    /// <returns>False when it did not hold within <paramref name="limit"/>.</returns>
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

    /// <summary>Starts the nodes again that are to be there at the end and ended by themselves.</summary>
    public async Task ReviveAsync(CancellationToken stop)
    {
        DrillNode[] dead = [.. Nodes.Where(node => node.GetsMessages && node.ProcessId is null)];
        if (dead.Length > 0)
            await RestartAsync(Log.Begin($"{Names(dead)} started again to read the inbox"), dead, stop);
    }

    /// <summary>A node that is up, at random.</summary>
    public DrillNode Any()
    {
        DrillNode[] up = [.. Nodes.Where(node => node.IsUp)];
        return up.Length > 0 ? up[Random.Next(up.Length)] : Nodes[Random.Next(Nodes.Count)];
    }

    /// <summary>Waits.</summary>
    /// <returns>False when the time for faults is over.</returns>
    public async Task<bool> PauseAsync(TimeSpan duration, CancellationToken over)
    {
        await Task.Delay(duration, _time, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !over.IsCancellationRequested;
    }

    /// <summary>Some nodes in a line of text.</summary>
    public static string Names(IEnumerable<DrillNode> nodes) => string.Join(", ", nodes.Select(node => node.Name));

    /// <summary>Stops every node, all at once: one that drains may need its neighbours' answers.</summary>
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
