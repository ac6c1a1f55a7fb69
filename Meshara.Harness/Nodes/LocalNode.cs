using System.Diagnostics;
using System.Globalization;
using Meshara.Harness.Processes;
using Meshara.Harness.Traffic;

namespace Meshara.Harness.Nodes;

/// <summary>A node of the stack as a child process.</summary>
internal sealed class LocalNode : ITrafficNode, IAsyncDisposable
{
    private const string Host = NodeLaunch.Loopback;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly StackNode _node;
    private readonly ChildProcess _child;

    private LocalNode(StackNode node, ChildProcess child, NodeConnector? connect)
    {
        _node = node;
        _child = child;
        Api = new NodeApi(new Uri(HttpUrl), Environment.GetEnvironmentVariable("Api__Token"), connect);
    }

    /// <summary>Its number, from 1.</summary>
    public int Index => _node.Index;

    public string Name => _node.Name;

    /// <summary>Its address in the mesh; empty until it is ready.</summary>
    public string Address { get; private set; } = "";

    /// <summary>True once <see cref="WaitUntilReadyAsync"/> has seen it ready.</summary>
    public bool IsReady => Address.Length > 0;

    /// <summary>Where peers connect.</summary>
    public string MeshUrl => $"tcp://{Host}:{_node.MeshPort}";

    /// <summary>Base of its API and health.</summary>
    public string HttpUrl => $"http://{Host}:{_node.HttpPort}";

    /// <summary>Scraped by Prometheus.</summary>
    public string MetricsUrl => $"http://{Host}:{_node.MetricsPort}/metrics";

    public NodeApi Api { get; }

    public ChildProcess Child => _child;

    /// <summary>True while its process runs.</summary>
    public bool IsAlive => !_child.Exited.IsCompleted;

    /// <inheritdoc/>
    public bool IsGone => !IsAlive;

    public static LocalNode Start(
        StackNode node, Stack stack, StackFiles files, string program, Action<string, bool> line, NodeLaunch? launch = null)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(stack);
        ArgumentNullException.ThrowIfNull(files);
        launch ??= new NodeLaunch();
        var log = new ChildLog(files.Log(launch.LogName ?? node.Name));
        return new LocalNode(node, ChildProcess.Start(node.Name, Command(node, stack, files, program, launch), log, line), launch.Connect);
    }

    private static ProcessStartInfo Command(StackNode node, Stack stack, StackFiles files, string program, NodeLaunch launch)
    {
        string[] command =
        [
            .. launch.Within,
            program,
            "run",
            "--name", node.Name,
            "--data", files.Node(node.Name),
            "--mesh", $"{launch.ListenHost}:{launch.ListenPort ?? node.MeshPort}",
            .. launch.ListenPort is null ? (string[])[] : ["--advertise", $"{Host}:{node.MeshPort}"],
            "--http", $"{Host}:{node.HttpPort}",
            "--metrics", node.MetricsPort.ToString(CultureInfo.InvariantCulture),
            "--stop-with-input",
            .. node.Bootstrap.SelectMany(uri => (string[])["--bootstrap", uri]),
        ];
        var start = new ProcessStartInfo(command[0], command[1..]);
        foreach (var (name, value) in stack.DiscoveryVariables(node, launch.HostOf))
            start.Environment[name] = value;
        // Acknowledgments between neighbours take milliseconds, and a child must be gone 5 s after its host.
        start.Environment["Delivery__DrainTimeout"] = "00:00:02";
        foreach (var (name, value) in launch.Environment)
            start.Environment[name] = value;
        start.Environment.TryAdd("DOTNET_ROOT", Locations.DotnetRoot());
        // A local mesh is for inspection: record every trace, unless the environment says otherwise.
        if (!start.Environment.ContainsKey("ASPNETCORE_ENVIRONMENT"))
            start.Environment.TryAdd("DOTNET_ENVIRONMENT", "Development");
        return start;
    }

    /// <summary>Waits until the node is ready, and records its address.</summary>
    /// <exception cref="StackException">The node ended or was not ready in time. The message has the last lines of its log.</exception>
    public async Task WaitUntilReadyAsync(TimeSpan deadline, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        using var timer = new PeriodicTimer(PollInterval, time);
        NodeIdentity? identity = null;
        while (!await Api.IsReadyAsync(cancellationToken) || (identity = await Api.TryGetIdentityAsync(cancellationToken)) is null)
        {
            if (!IsAlive)
                throw Failed($"ended with exit code {await _child.Exited} before it was ready");
            if (time.GetElapsedTime(started) > deadline)
                throw Failed($"was not ready within {deadline.TotalSeconds:0} s");
            await timer.WaitForNextTickAsync(cancellationToken);
        }

        if (identity.Name != Name)
            throw Failed($"does not answer at {HttpUrl}: {identity.Name} does");
        Address = identity.Address;
    }

    public async ValueTask DisposeAsync()
    {
        await _child.DisposeAsync();
        Api.Dispose();
    }

    private StackException Failed(string what) => _child.Log.Tail is { Count: > 0 } tail
        ? new(string.Join('\n', [$"{Name} {what}. The last lines of {_child.Log.Path}:", .. tail.Select(line => "  " + line)]))
        : new($"{Name} {what}; it printed nothing.");
}
