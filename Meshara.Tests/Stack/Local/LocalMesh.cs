using System.Security.Cryptography;
using Meshara.Harness;
using Meshara.Harness.Monitoring;
using Meshara.Harness.Nodes;
using Meshara.Harness.Processes;
using Meshara.Harness.Traffic;
using MeshStack = Meshara.Harness.Stack;

namespace Meshara.Tests.Stack.Local;

/// <summary>A mesh of node processes, on free ports and in a temporary folder, started by the harness.</summary>
internal sealed class LocalMesh : IAsyncDisposable
{
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly PortLease _ports;
    private readonly MeshStack _stack;
    private readonly List<RunningProgram> _programs = [];
    private LocalNode[] _processes = [];
    private Task _traffic = Task.CompletedTask;

    private LocalMesh(int nodes)
    {
        _ports = Ports.Lease(nodes, Random.Shared);
        _stack = MeshStack.Create(nodes, _ports.Ports);
        Files = new StackFiles(_folder.File("data"));
    }

    /// <summary>The nodes, node-1 first.</summary>
    public IReadOnlyList<NodeClient> Nodes { get; private set; } = [];

    /// <summary>Paths of the mesh's files.</summary>
    public StackFiles Files { get; }

    /// <summary>The address of Prometheus, once <see cref="Monitor"/> was called.</summary>
    public Uri Prometheus => new($"http://127.0.0.1:{_stack.Ports.Prometheus}");

    /// <summary>The output of all programs other than the nodes.</summary>
    public string Output => string.Join('\n', _programs.Select(program => program.Output));

    /// <summary>Starts a mesh, and returns once all its nodes are ready.</summary>
    /// <param name="nodes">Number of nodes.</param>
    /// <param name="test">The test's token.</param>
    /// <param name="environment">Environment variables of the nodes.</param>
    /// <param name="ofLast">Additional environment variables of the last node.</param>
    public static async Task<LocalMesh> StartAsync(
        int nodes, CancellationToken test, IReadOnlyDictionary<string, string>? environment = null, IReadOnlyDictionary<string, string>? ofLast = null)
    {
        var mesh = new LocalMesh(nodes);
        try
        {
            await mesh.StartNodesAsync(new NodeLaunch { Environment = environment ?? new Dictionary<string, string>() }, ofLast ?? new Dictionary<string, string>(), test);
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts Prometheus and Alertmanager, which must be installed.</summary>
    public void Monitor()
    {
        var path = Environment.GetEnvironmentVariable("PATH");
        string Listen(int port) => $"127.0.0.1:{port}";
        var (prometheus, alertmanager) = (Listen(_stack.Ports.Prometheus), Listen(_stack.Ports.Alertmanager));
        AlertmanagerFolder.Write(HostProgram.Alerts, Files.Alertmanager, Listen(_stack.Ports.MailpitSmtp));
        PrometheusFolder.Write(HostProgram.Alerts, Files.Prometheus, _stack, "127.0.0.1", prometheus, alertmanager);
        Start(ToolPath.Find(path, "alertmanager", "prometheus-alertmanager")!, Files.Alertmanager, AlertmanagerFolder.Arguments(alertmanager));
        Start(ToolPath.Find(path, "prometheus")!, Files.Prometheus, PrometheusFolder.Arguments(prometheus));
    }

    /// <summary>The process id of Prometheus. Linux only.</summary>
    public int PrometheusProcess() => _programs.SelectMany(program => ProcessTree.Descendants(program.Id))
        .Single(id => File.ReadAllText($"/proc/{id}/comm").Trim() == "prometheus");

    /// <summary>Sends messages until the mesh is disposed.</summary>
    /// <param name="perSecond">Private messages per second.</param>
    public void Send(double perSecond)
    {
        var ledger = new TrafficLedger(RandomNumberGenerator.GetHexString(12, lowercase: true), TimeProvider.System);
        _traffic = new TrafficGenerator(_processes, ledger, Random.Shared, TimeProvider.System).RunAsync(perSecond, _stop.Token, _stop.Token);
    }

    /// <summary>Stops the nodes as their host would.</summary>
    /// <returns>Their exit codes.</returns>
    public async Task<int[]> StopAsync(CancellationToken test)
    {
        await Task.WhenAll(_processes.Select(node => node.Child.StopAsync(StopDeadline, test)));
        return await Task.WhenAll(_processes.Select(node => node.Child.Exited));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _traffic;
        foreach (var node in Nodes)
            node.Dispose();
        foreach (var node in _processes.OfType<LocalNode>())
            await node.DisposeAsync();
        foreach (var program in _programs)
            await program.DisposeAsync();
        _stop.Dispose();
        _ports.Dispose();
        _folder.Dispose();
    }

    private async Task StartNodesAsync(NodeLaunch launch, IReadOnlyDictionary<string, string> ofLast, CancellationToken test)
    {
        _processes = new LocalNode[_stack.Nodes.Count];
        async ValueTask StartAsync(StackNode node, CancellationToken cancellationToken)
        {
            var own = node.Index == _stack.Nodes.Count ? launch.With(ofLast) : launch;
            _processes[node.Index - 1] = LocalNode.Start(node, _stack, Files, HostProgram.Node, (_, _) => { }, own);
            await _processes[node.Index - 1].WaitUntilReadyAsync(2 * NodeClient.Deadline, TimeProvider.System, cancellationToken);
        }

        await StartAsync(_stack.Nodes[0], test);
        await Parallel.ForEachAsync(_stack.Nodes.Skip(1), test, StartAsync);
        Nodes = [.. _processes.Select(node => new NodeClient(new NodeEndpoint(node.Name, node.Address, node.MeshUrl, node.HttpUrl, node.MetricsUrl, node.Child.Id)))];
    }

    // The program does not watch its standard input, so the lab's guard ends it when the test ends for any reason.
    private void Start(string program, string folder, IEnumerable<string> arguments)
    {
        var start = HostProgram.Start(HostProgram.Lab, [Guard.CommandName, program, .. arguments]);
        start.WorkingDirectory = folder;
        _programs.Add(new RunningProgram(start));
    }
}
