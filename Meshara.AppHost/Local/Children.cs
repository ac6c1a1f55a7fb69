using System.Collections.Concurrent;
using Meshara.Harness;
using Meshara.Harness.Nodes;
using Meshara.Harness.Processes;
using Meshara.Harness.Terminal;

namespace Meshara.AppHost.Local;

/// <summary>Every process the host started: shows what they have to say, tells when one dies, and stops them all.</summary>
internal sealed class Children(StackFiles files, StatusConsole console, StopRequests stops, TimeProvider time) : IAsyncDisposable
{
    // A node drains for 2 s and Prometheus writes down what it holds; on a busy machine both take a multiple.
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, WarningGate> _gates = new();
    private readonly Lock _gate = new();
    private readonly List<LocalNode> _nodes = [];
    private readonly List<ChildProcess> _tools = [];
    private readonly List<Task> _obituaries = [];
    private readonly CancellationTokenSource _allNodesGone = new();
    private int _nodesAlive;
    private volatile bool _stopping;
    private volatile bool _lostNode;

    /// <summary>Cancelled when no node is left.</summary>
    public CancellationToken AllNodesGone => _allNodesGone.Token;

    /// <summary>True once a node ended without being asked to.</summary>
    public bool HasLostNode => _lostNode;

    /// <summary>What to do with the lines of a child: show what is worth it, within bounds.</summary>
    public Action<string, bool> Display(string name)
    {
        var gate = _gates.GetOrAdd(name, _ => new WarningGate(time));
        return (line, isError) =>
        {
            if (LogLine.Notable(line, isError) is { } notable && gate.TryPass())
                console.WriteLine(notable.Format(name));
        };
    }

    /// <summary>Names the children whose warnings were held back. Called regularly.</summary>
    public void TellWithheld()
    {
        foreach (var (name, gate) in _gates)
        {
            if (gate.TakeWithheld() is > 0 and var withheld)
                console.WriteLine($"{name}  ... {withheld} more in {StackFiles.Shown(files.Log(name))}");
        }
    }

    /// <summary>Takes charge of a node. Nodes may be added from several threads.</summary>
    public LocalNode Add(LocalNode node)
    {
        Interlocked.Increment(ref _nodesAlive);
        lock (_gate)
        {
            _nodes.Add(node);
            _obituaries.Add(TellOfEndAsync(node.Child, node));
        }

        return node;
    }

    /// <summary>Starts a tool and takes charge of it.</summary>
    public void Add(Tool tool)
    {
        var start = Guard.Start(tool.Program, tool.Arguments);
        start.WorkingDirectory = tool.Folder;
        var display = Display(tool.Name);
        var child = ChildProcess.Start(tool.Name, start, new ChildLog(files.Log(tool.Name)), (line, isError) =>
        {
            // Prometheus warns that it was asked to stop; whoever asked knows.
            if (!_stopping && !stops.Stop.IsCancellationRequested)
                display(line, isError);
        });
        _tools.Add(child);
        _obituaries.Add(TellOfEndAsync(child, node: null));
    }

    /// <summary>Asks all to stop, ends those that do not, and returns when every process is gone.</summary>
    public async Task StopAllAsync()
    {
        _stopping = true;
        console.SetLive(null);
        ChildProcess[] all = [.. _nodes.Select(node => node.Child), .. _tools];
        // All at once: a node that drains may need its neighbours' answers, so none is kept waiting for another's end.
        var stopped = await Task.WhenAll(all.Select(child => child.StopAsync(StopDeadline, stops.Kill)));
        if (!stops.Kill.IsCancellationRequested)
        {
            foreach (var (child, _) in all.Zip(stopped).Where(pair => !pair.Second))
                console.WriteLine($"{child.Name} did not stop within {StopDeadline.TotalSeconds:0} s and was ended.");
        }

        await Task.WhenAll(_obituaries);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        foreach (var tool in _tools)
            await tool.DisposeAsync();
        _allNodesGone.Dispose();
    }

    private async Task TellOfEndAsync(ChildProcess child, LocalNode? node)
    {
        var exitCode = await child.Exited;
        var isLastNode = node is not null && Interlocked.Decrement(ref _nodesAlive) == 0;
        // Ctrl+C in a terminal reaches the children as well as the host: that is no death either.
        // One that ends before it is ready is told of by whoever waits for it.
        if (_stopping || stops.Stop.IsCancellationRequested || node is { IsReady: false })
            return;
        _lostNode |= node is not null;
        var last = child.Log.Tail is [.., var line] ? $"; its last line: {LogLine.Notable(line, true)?.Message ?? line}" : ".";
        console.WriteLine($"{child.Name}  ended unexpectedly with exit code {exitCode}{last}");
        if (isLastNode)
            await _allNodesGone.CancelAsync();
    }
}
