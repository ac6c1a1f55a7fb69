using System.Globalization;
using System.Net;
using Meshara.Harness;
using Meshara.Tests.Stack.Local;
using MeshStack = Meshara.Harness.Stack;
using TemporaryFolder = Meshara.Tests.Stack.TemporaryFolder;

namespace Meshara.Tests.Cli;

/// <summary><c>meshara probe</c>, by which an engine sees whether the node in its container is ready.</summary>
public sealed class ReadinessProbeTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StackNode _node = MeshStack.Create(1, Ports.FindFree(1, Random.Shared)).Nodes[0];
    private RunningProgram? _running;

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_succeeds_when_the_node_is_ready()
    {
        await RunUntilAsync(HttpStatusCode.OK);
        Assert.Equal(0, await ProbeAsync());
    }

    [Fact]
    public async Task It_fails_while_the_node_finds_nobody()
    {
        await RunUntilAsync(HttpStatusCode.ServiceUnavailable, "--bootstrap", "tcp://127.0.0.1:1");
        Assert.Equal(6, await ProbeAsync());
    }

    [Fact]
    public async Task It_fails_when_nothing_listens() => Assert.Equal(6, await ProbeAsync());

    public async ValueTask DisposeAsync()
    {
        if (_running is not null)
            await _running.DisposeAsync();
        _folder.Dispose();
    }

    private async Task RunUntilAsync(HttpStatusCode ready, params string[] flags)
    {
        _running = new RunningProgram(HostProgram.Start(HostProgram.Node,
        [
            "run", "--name", _node.Name, "--data", _folder.Path,
            "--mesh", $"127.0.0.1:{_node.MeshPort}", "--http", $"127.0.0.1:{_node.HttpPort}",
            "--metrics", _node.MetricsPort.ToString(CultureInfo.InvariantCulture), "--stop-with-input", .. flags,
        ]));
        using var client = new NodeClient(new NodeEndpoint(_node.Name, "", "", $"http://127.0.0.1:{_node.HttpPort}", "", 0));
        await client.UntilAsync($"answers {ready}", async () => (await client.Http.GetAsync("ready", Test)).StatusCode == ready, Test);
    }

    private async Task<int> ProbeAsync()
    {
        var start = HostProgram.Start(HostProgram.Node, "probe");
        start.Environment["Api__Port"] = _node.HttpPort.ToString(CultureInfo.InvariantCulture);
        await using var probe = new RunningProgram(start);
        return await probe.ExitAsync(Test);
    }
}
