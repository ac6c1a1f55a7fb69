using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Meshara.Harness;
using Meshara.Tests.Api;

namespace Meshara.Tests.Stack.Local;

/// <summary>
/// A <c>meshara run</c> started by the test itself, with the flags under test. It can be killed and restarted with the same keys and
/// ports.
/// </summary>
internal sealed class SingleNode : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StackNode _ports;
    private readonly string[] _flags;
    private readonly string? _shell;
    private RunningProgram? _process;

    private SingleNode(string name, IEnumerable<string> flags, string? shell = null)
    {
        _shell = shell;
        _ports = FreePort.Node(name);
        _flags = [.. flags];
        Client = new NodeClient(EndpointOf(address: "", pid: 0));
    }

    /// <summary>The node's API.</summary>
    public NodeClient Client { get; private set; }

    /// <summary>The node's process.</summary>
    public RunningProgram Process => _process ?? throw new InvalidOperationException("the node was not started");

    /// <summary>The program used from the next start on; by default that of this build.</summary>
    public string Program { get; set; } = HostProgram.Node;

    /// <summary>Its data directory.</summary>
    public string Data => _folder.File("data");

    /// <summary>Starts a node, and returns once it is ready.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="bootstrap">The nodes it joins through.</param>
    /// <param name="test">The test's token.</param>
    /// <param name="flags">Additional flags of <c>meshara run</c>, such as <c>--advertise none</c>.</param>
    public static Task<SingleNode> StartAsync(
        string name, IEnumerable<NodeClient> bootstrap, CancellationToken test, params IEnumerable<string> flags) =>
        StartAsync(new SingleNode(name, [.. Joining(bootstrap), .. flags]), test);

    /// <summary>Starts a node with another program, such as that of another release.</summary>
    public static Task<SingleNode> StartAsAsync(string program, string name, IEnumerable<NodeClient> bootstrap, CancellationToken test) =>
        StartAsync(new SingleNode(name, Joining(bootstrap)) { Program = program }, test);

    /// <summary>
    /// Starts a node from a shell that first runs a command, such as <c>ulimit -n 512</c>, and returns once it is ready. Not on Windows.
    /// </summary>
    public static Task<SingleNode> StartFromShellAsync(string shell, CancellationToken test, params IEnumerable<string> flags) =>
        StartAsync(new SingleNode("shell", flags, shell), test);

    private static IEnumerable<string> Joining(IEnumerable<NodeClient> bootstrap) =>
        bootstrap.SelectMany(peer => (string[])["--bootstrap", peer.Endpoint.Mesh]);

    private static async Task<SingleNode> StartAsync(SingleNode node, CancellationToken test)
    {
        try
        {
            await node.StartAsync(test);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the node, for the first time or again after its process has ended.</summary>
    public async Task StartAsync(CancellationToken test)
    {
        var process = _process = new RunningProgram(Start(
        [
            "run",
            "--name", _ports.Name,
            "--data", Data,
            "--mesh", $"127.0.0.1:{_ports.MeshPort}",
            "--http", $"127.0.0.1:{_ports.HttpPort}",
            "--metrics", _ports.MetricsPort.ToString(CultureInfo.InvariantCulture),
            "--stop-with-input",
            .. _flags,
        ]));
        await Client.UntilAsync("is ready", async () =>
        {
            Assert.False(process.HasExited, $"{_ports.Name} ended before it was ready. It printed:\n{process.Output}");
            using var response = await Client.Http.GetAsync("ready", test);
            return response.IsSuccessStatusCode;
        }, test);
        var identity = JsonSerializer.Deserialize<JsonElement>(await Client.Http.GetStringAsync("api/node", test));
        Client.Dispose();
        Client = new NodeClient(EndpointOf(identity.GetProperty("address").GetString()!, process.Id));
    }

    private ProcessStartInfo Start(IEnumerable<string> arguments) => _shell is null
        ? HostProgram.Start(Program, arguments)
        : HostProgram.Start("/bin/sh", ["-c", $"{_shell}; exec \"$@\"", "sh", Program, .. arguments]);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        Client.Dispose();
        _folder.Dispose();
    }

    private NodeEndpoint EndpointOf(string address, int pid) => new(
        _ports.Name, address, $"tcp://127.0.0.1:{_ports.MeshPort}", $"http://127.0.0.1:{_ports.HttpPort}",
        $"http://127.0.0.1:{_ports.MetricsPort}/metrics", pid);
}
