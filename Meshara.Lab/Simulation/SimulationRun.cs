using System.Diagnostics;
using System.Text.Json;
using Meshara.Harness.Terminal;
using Meshara.Lab.Load;

namespace Meshara.Lab.Simulation;

/// <summary>
/// Simulates a mesh: starts it, watches it at rest, and lets nodes look each other up, broadcast and write to each other, while
/// some crash and others join.
/// </summary>
internal sealed class SimulationRun(SimulationOptions options, StatusConsole console) : IAsyncDisposable
{
    private static readonly TimeSpan JoinLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Resting = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Aftermath = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan DetectionLimit = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(10);

    private const int StackBytes = 1 << 30;

    // Nodes started in a virtual second.
    private const int StartRate = 200;
    private const int WarmUps = 10;

    private readonly SimulatedMesh _mesh = new(options);
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    /// <summary>Runs, prints the results, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var report = await OnDeepStackAsync(() => Simulate(stop));
        Print(report);
        if (options.Report is { } path)
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(report, DurabilityReport.Json), stop);
        return ExitCode(report);
    }

    /// <summary>
    /// Runs on a thread of its own with a stack that continuations of continuations do not fill: the runtime would move them to
    /// another thread.
    /// </summary>
    private static Task<SimulationReport> OnDeepStackAsync(Func<SimulationReport> simulate)
    {
        var done = new TaskCompletionSource<SimulationReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(Run, StackBytes) { Name = "simulation" };
        thread.Start();
        return done.Task;

        void Run()
        {
            try
            {
                done.SetResult(simulate());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }
    }

    private SimulationReport Simulate(CancellationToken stop)
    {
        var joining = Join(stop);
        WarmUp(stop);
        var (rest, cpu) = Rest(stop);
        var membership = options.HasMembership ? WatchMembers(stop) : null;
        var load = new SimulatedLoad(_mesh, options);
        load.Plan();
        _mesh.Time.Run(_mesh.Time.Now + options.For + Aftermath, stop);
        Say("load done");
        var memory = GC.GetTotalMemory(forceFullCollection: true) / 1024.0 / _mesh.Nodes.Count(node => node.IsAlive);
        var machine = new MachineReport(
            Round(_mesh.Time.Now.TotalSeconds, 0), Round(_watch.Elapsed.TotalSeconds, 1), Round(cpu, 3), Round(memory, 0));
        return new SimulationReport(
            options.Nodes, options.Seed, options.Churn, options.Loss, options.Hidden, options.Hostile, joining, rest, load.Lookups(), load.Broadcasts(),
            load.Messages(), membership, machine);
    }

    public ValueTask DisposeAsync() => _mesh.DisposeAsync();

    private JoiningReport Join(CancellationToken stop)
    {
        for (var i = 0; i < options.Nodes; i++)
            _mesh.Time.After(TimeSpan.FromSeconds((double)i / StartRate), _mesh.Driver, _ => _mesh.Add(), null);
        var joined = new Dictionary<SimulatedNode, double>();
        var started = TimeSpan.FromSeconds((double)options.Nodes / StartRate);
        var said = TimeSpan.Zero;
        _mesh.Time.Run(started + JoinLimit, stop, () =>
        {
            if (_mesh.Time.Now - said >= ProgressInterval)
            {
                Say($"{joined.Count} joined");
                said = _mesh.Time.Now;
            }
            foreach (var node in _mesh.Nodes)
            {
                if (node.HasJoined && !joined.ContainsKey(node))
                    joined[node] = (_mesh.Time.Now - _mesh.Started[node]).TotalSeconds;
            }
            return joined.Count == options.Nodes;
        });
        Say($"{joined.Count} of {options.Nodes} joined");
        List<double> times = [.. joined.Values.Order()];
        return new JoiningReport(joined.Count, Quantile(times, 0.5), Quantile(times, 0.99));
    }

    /// <summary>Until the mesh is quiet and the broadcast tree has grown.</summary>
    private void WarmUp(CancellationToken stop)
    {
        for (var i = 0; i < WarmUps; i++)
            _mesh.Time.After(Settling * i / WarmUps, _mesh.Driver, _ => SimulatedLoad.Broadcast(_mesh.Pick()), null);
        _mesh.Time.Run(_mesh.Time.Now + 2 * Settling, stop);
        Say("settled");
    }

    private (RestReport Report, double CpuPerNodeMs) Rest(CancellationToken stop)
    {
        var (bytes, cpu) = (Bytes(), Process.GetCurrentProcess().TotalProcessorTime);
        _mesh.Time.Run(_mesh.Time.Now + Resting, stop);
        var (nodes, seconds) = (_mesh.Nodes.Count, Resting.TotalSeconds);
        var report = new RestReport(
            Round((Bytes() - bytes) / seconds / nodes, 0), Round(_mesh.Nodes.Average(node => node.Swarm.Count), 1), _mesh.Nodes.Max(node => node.Swarm.Count),
            Round(_mesh.Nodes.Average(node => node.Table.Count), 0));
        Say("rested");
        return (report, (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMilliseconds / seconds / nodes);

        long Bytes() => _mesh.Nodes.Sum(node => node.BytesSent);
    }

    private MembershipReport WatchMembers(CancellationToken stop)
    {
        var agreeing = Share(_mesh.Nodes, node => node.Membership!.Size == _mesh.Nodes.Count);
        var victim = _mesh.Pick();
        var crashed = _mesh.Time.Now;
        victim.Crash();
        List<SimulatedNode> others = [.. _mesh.Nodes.Where(node => node.IsAlive)];
        var isDone = _mesh.Time.Run(crashed + DetectionLimit, stop, () => others.TrueForAll(node => node.Membership!.Size == others.Count));
        var detection = Round((_mesh.Time.Now - crashed).TotalSeconds, 0);
        Say("failure detected");
        return new MembershipReport(Round(agreeing, 4), isDone ? detection : null);
    }

    private static int ExitCode(SimulationReport report) => report.Messages is { Lost: 0, Doubled: 0 } && report.Broadcasts.Doubled == 0 ? 0 : 1;

    private void Print(SimulationReport report)
    {
        var (lookups, broadcasts, messages, rest) = (report.Lookups, report.Broadcasts, report.Messages, report.Rest);
        console.WriteLine(FormattableString.Invariant(
            $"{report.Nodes} nodes: {report.Joining.Joined} joined, median {report.Joining.P50Seconds:0.0} s; {rest.ConnectionsMean:0.0} connections each (at most {rest.ConnectionsMax}), {rest.BytesPerSecond:0} bytes a second each at rest"));
        console.WriteLine(FormattableString.Invariant(
            $"{lookups.Count} lookups: {lookups.Success:0.00 %} found, {lookups.P50Hops:0} hops (p99 {lookups.P99Hops:0}), {lookups.P50Ms:0} ms (p99 {lookups.P99Ms:0} ms)"));
        console.WriteLine(FormattableString.Invariant(
            $"{broadcasts.Count} broadcasts: coverage {broadcasts.Coverage:0.0000 %}, {broadcasts.Redundancy:0.00} copies a node, {broadcasts.P50Ms:0} ms (p99 {broadcasts.P99Ms:0} ms, last {broadcasts.MaxMs:0} ms)"));
        console.WriteLine(FormattableString.Invariant(
            $"{messages.Count} messages: {messages.Lost} lost, {messages.Doubled} doubled, {messages.Acknowledged} acknowledged, {messages.P50Ms:0} ms (p99 {messages.P99Ms:0} ms)"));
        if (report.Membership is { } members)
            console.WriteLine(FormattableString.Invariant($"members: {members.Agreeing:0.00 %} right at rest; a crash was known everywhere after {members.DetectionSeconds?.ToString("0", null) ?? "more than 120"} s"));
        console.WriteLine(FormattableString.Invariant(
            $"{report.Machine.VirtualSeconds:0} s simulated in {report.Machine.Seconds:0.0} s; {report.Machine.CpuPerNodeMs:0.000} ms of processor time a node and second at rest, {report.Machine.MemoryPerNodeKb:0} KiB a node"));
    }

    private void Say(string what) => console.WriteLine(FormattableString.Invariant(
        $"[{_watch.Elapsed.TotalSeconds,6:0.0} s] {_mesh.Time.Now.TotalSeconds,5:0} s simulated, {_mesh.Time.Steps / 1e6:0.0} million steps, {_mesh.Connections} connections made: {what}"));

    internal static double Quantile(List<double> sorted, double quantile) => sorted.Count == 0 ? 0 : Round(sorted[(int)(quantile * (sorted.Count - 1))], 2);

    internal static double Share<T>(IReadOnlyCollection<T> all, Func<T, bool> counts) => all.Count == 0 ? 0 : (double)all.Count(counts) / all.Count;

    internal static double Round(double value, int digits) => Math.Round(value, digits);
}
