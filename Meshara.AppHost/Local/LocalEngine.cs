using System.Security.Cryptography;
using Meshara.Harness;
using Meshara.Harness.Monitoring;
using Meshara.Harness.Nodes;
using Meshara.Harness.Terminal;
using Meshara.Harness.Traffic;

namespace Meshara.AppHost.Local;

/// <summary>
/// Runs the stack as child processes of this one: node-1, then the other nodes, then the tools; then traffic, until its
/// time is over or the host is told to stop; then everything is drained and stopped.
/// </summary>
internal sealed class LocalEngine(
    StackOptions options, StackFiles files, Children children, StatusConsole console, StopRequests stops, TimeProvider time)
{
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SettleDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan InterruptedSettleDeadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SubscribeDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RehearsalDeadline = TimeSpan.FromSeconds(15);

    private readonly TrafficLedger _ledger = new(RandomNumberGenerator.GetHexString(12, lowercase: true), time);
    private readonly TrafficLedger _rehearsal = new(RandomNumberGenerator.GetHexString(12, lowercase: true), time);

    /// <summary>Runs the stack.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    /// <exception cref="StackException">It cannot start.</exception>
    public async Task<int> RunAsync()
    {
        var program = Locations.NodeExecutable();
        var stack = Plan();
        var monitoring = new MonitoringTools(stack, options.Parts.Select(part => part.Name).ToHashSet(), files, Locations.Alerts(), Environment.GetEnvironmentVariable("PATH"));
        monitoring.RequireSecrets();
        using var folder = files.Claim();
        options.DiscardStaleResults();
        try
        {
            var nodes = await StartNodesAsync(stack, program);
            StartTools(monitoring);
            if (options.Endpoints is { } endpoints)
                EndpointsFile.Write(endpoints, nodes);
            NodeTable.Write(console, nodes);
            return await RunMeshAsync(nodes);
        }
        catch (OperationCanceledException) when (stops.Stop.IsCancellationRequested)
        {
            return stops.Kill.IsCancellationRequested ? ExitCodes.Killed
                : children.HasLostNode ? ExitCodes.Failure
                : ExitCodes.Success;
        }
        finally
        {
            await children.StopAllAsync();
        }
    }

    // Everything that can be found wrong beforehand is, so that a mesh is never half started.
    private Stack Plan()
    {
        var stack = Stack.Create(options.Nodes, options.ChoosePorts(Random.Shared));
        Ports.Refuse(Ports.Taken(stack.Nodes));
        return stack;
    }

    private async Task<IReadOnlyList<LocalNode>> StartNodesAsync(Stack stack, string program)
    {
        console.WriteLine($"Starting {options.Nodes} {(options.Nodes == 1 ? "node" : "nodes")} in {StackFiles.Shown(files.Data)}");
        var nodes = new LocalNode[stack.Nodes.Count];
        async ValueTask StartAsync(StackNode node, CancellationToken cancellationToken)
        {
            nodes[node.Index - 1] = children.Add(LocalNode.Start(node, stack, files, program, children.Display(node.Name)));
            await nodes[node.Index - 1].WaitUntilReadyAsync(ReadyDeadline, time, cancellationToken);
        }

        await StartAsync(stack.Nodes[0], stops.Stop);
        // As many at once as there are processors to start them: more would not be ready sooner, and nodes that starve
        // while they start miss each other's handshakes. The first that fails ends the wait for the others.
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(2, Environment.ProcessorCount), CancellationToken = stops.Stop };
        await Parallel.ForEachAsync(stack.Nodes.Skip(1), parallel, StartAsync);
        return nodes;
    }

    private void StartTools(MonitoringTools monitoring)
    {
        var (tools, missing) = monitoring.Prepare();
        // What is missing is said before anything is started without it.
        foreach (var line in missing)
            console.WriteLine(line);
        foreach (var tool in tools)
        {
            children.Add(tool);
            console.WriteLine($"{tool.Name}  {tool.Url}");
        }
    }

    private async Task<int> RunMeshAsync(IReadOnlyList<LocalNode> nodes)
    {
        using var watching = new CancellationTokenSource();
        var watchers = nodes.Select(node => new InboxWatcher(node, [_rehearsal, _ledger], time)).ToList();
        var watches = watchers.Select(watcher => watcher.RunAsync(watching.Token, stops.Stop)).ToList();
        try
        {
            await WaitUntilWatchedAsync(watchers);
            if (SendsTraffic(nodes))
                await RehearseAsync(nodes);
            var started = time.GetTimestamp();
            await SendTrafficAsync(nodes);
            return await ConcludeAsync(nodes, time.GetElapsedTime(started));
        }
        finally
        {
            await watching.CancelAsync();
            await Task.WhenAll(watches);
        }
    }

    private async Task WaitUntilWatchedAsync(IReadOnlyList<InboxWatcher> watchers)
    {
        try
        {
            await Task.WhenAll(watchers.Select(watcher => watcher.Opened)).WaitAsync(SubscribeDeadline, time, stops.Stop);
        }
        catch (TimeoutException)
        {
            var closed = watchers.First(watcher => !watcher.Opened.IsCompleted);
            throw new StackException($"The inbox of {closed.Node.Name} cannot be watched: {closed.LastError ?? "no answer"}.");
        }
    }

    private bool SendsTraffic(IReadOnlyList<LocalNode> nodes) => options.Traffic > 0 && nodes.Count > 1;

    // The very first message of a process takes hundreds of times what every later one does, because its code is compiled
    // on the way. One message from each node to the next takes that time before the clock starts, so that the report tells
    // of a mesh that runs; it is counted nowhere.
    private async Task RehearseAsync(IReadOnlyList<LocalNode> nodes)
    {
        await Task.WhenAll(nodes.Zip(nodes.Skip(1).Append(nodes[0]), async (sender, recipient) =>
        {
            var entry = _rehearsal.Send(recipient.Index);
            var answer = await sender.Api.SendAsync(recipient.Address, entry.Text, stops.Stop);
            _rehearsal.Answered(entry, answer.Acceptance);
        }));
        _rehearsal.Close();
        await _rehearsal.Settled.WaitAsync(RehearsalDeadline, time, stops.Stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stops.Stop.ThrowIfCancellationRequested();
        if (_rehearsal.CountFinally() is { Failed: > 0 } counts)
            console.WriteLine($"{counts.Failed} of {counts.Sent} first messages have not arrived; the traffic starts all the same.");
    }

    private async Task SendTrafficAsync(IReadOnlyList<LocalNode> nodes)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stops.Stop, children.AllNodesGone);
        if (options.For is { } duration)
            over.CancelAfter(duration);
        var status = new StatusLine(nodes, _ledger, children, console, time).RunAsync(over.Token);
        if (SendsTraffic(nodes))
            await new TrafficGenerator(nodes, _ledger, Random.Shared, time).RunAsync(options.Traffic, over.Token, stops.Stop);
        else if (options.Traffic > 0)
            console.WriteLine("No traffic: a single node has nobody to send to.");
        await status;
    }

    private async Task<int> ConcludeAsync(IReadOnlyList<LocalNode> nodes, TimeSpan duration)
    {
        _ledger.Close();
        var deadline = stops.Stop.IsCancellationRequested ? InterruptedSettleDeadline : SettleDeadline;
        await _ledger.Settled.WaitAsync(deadline, time, stops.Kill).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stops.Kill.ThrowIfCancellationRequested();

        var report = TrafficReport.Of(nodes.Count, _ledger.CountFinally(), duration);
        if (options.Report is { } file)
            EndpointsFile.WriteAtomically(file, report.ToJson());
        console.WriteLine(StatusLine.Summary(report));
        return report.Failed > 0 || children.HasLostNode ? ExitCodes.Failure : ExitCodes.Success;
    }
}
