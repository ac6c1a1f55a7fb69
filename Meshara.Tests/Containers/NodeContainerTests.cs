using System.Text;
using System.Text.Json;

namespace Meshara.Tests.Containers;

/// <summary>The node's image: three nodes on a private network, and faults of one of them.</summary>
public sealed class NodeContainerTests(ContainerStack stack) : IClassFixture<ContainerStack>, IAsyncLifetime
{
    private IReadOnlyList<NodeContainer> _nodes = [];

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var mesh = await stack.UseAsync(MeshOfThree.StartAsync);
        _nodes = mesh.Nodes;
        // Wait until the effects of the previous test are gone.
        await stack.UntilAsync("every node is connected to both others", mesh.IsWholeAsync);
    }

    public ValueTask DisposeAsync() => stack.ReportAsync();

    [Fact]
    public async Task Messages_and_broadcasts_arrive()
    {
        foreach (var from in _nodes)
        {
            foreach (var to in _nodes.Where(node => node != from))
            {
                var id = await from.Client.SendAsync(to.Client, $"{from.Name} to {to.Name}", Test);
                Assert.Equal(id, (await to.Client.ReceiveAsync($"{from.Name} to {to.Name}", Test)).Id);
                await from.Client.UntilAsync("has the acknowledgment", async () => await from.Client.StateAsync(id, Test) == "acknowledged", Test);
            }
        }

        await _nodes[1].Client.BroadcastAsync("to everybody", Test);
        await _nodes[0].Client.ReceiveAsync("to everybody", Test);
        await _nodes[2].Client.ReceiveAsync("to everybody", Test);
    }

    [Fact]
    public async Task A_node_runs_without_privileges_on_a_file_system_it_cannot_write()
    {
        var node = await _nodes[0].InspectAsync();
        Assert.Equal(("1654", true), (node.Config?.User, node.HostConfig?.ReadonlyRootfs));
        Assert.Equal(["8080/tcp", "8443/tcp", "9090/tcp"], node.Config?.ExposedPorts?.Keys.Order(StringComparer.Ordinal));

        // No shell for an intruder; health checks run the program itself.
        var shell = await _nodes[0].ExecAsync("sh", "-c", "exit 0");
        Assert.NotEqual(0, shell.ExitCode);
        var status = await _nodes[0].ExecAsync("dotnet", "/app/meshara.dll", "status");
        Assert.True(status.ExitCode == 0, $"{status.Stdout}{status.Stderr}");
    }

    [Fact]
    public async Task A_node_writes_its_log_where_a_shipper_finds_it()
    {
        var id = await _nodes[0].Client.SendAsync(_nodes[1].Client, "logged", Test);
        var path = $"{NodeImage.Logs}/node-1-{DateTime.UtcNow:yyyyMMdd}.log";

        await stack.UntilAsync("node-1 has written lines", async () =>
            Encoding.UTF8.GetString(await _nodes[0].ReadFileAsync(path)).Split('\n', StringSplitOptions.RemoveEmptyEntries) is [_, ..] lines
            && lines.All(line => JsonSerializer.Deserialize<JsonElement>(line).GetProperty("span").GetProperty("node_id").GetString() == _nodes[0].Client.Address));
        Assert.NotEmpty(id);
    }

    [Fact]
    public async Task A_node_that_is_stopped_drains_and_comes_back_as_itself_to_what_was_sent_meanwhile()
    {
        var address = _nodes[2].Client.Address;

        Assert.Equal(0, await _nodes[2].StopAsync());
        await _nodes[0].Client.UntilAsync("misses node-3", async () => !(await _nodes[0].Client.PeersAsync(Test)).Contains(address), Test);
        var id = await _nodes[0].Client.SendAsync(_nodes[2].Client, "while you were stopped", Test);
        Assert.Equal("pending", await _nodes[0].Client.StateAsync(id, Test));
        await _nodes[2].StartAgainAsync();

        Assert.Equal(address, _nodes[2].Client.Address);
        Assert.Equal(id, (await _nodes[2].Client.ReceiveAsync("while you were stopped", Test)).Id);
    }

    [Fact]
    public async Task A_node_that_is_paused_is_missed_and_goes_on_when_it_is_let()
    {
        var paused = _nodes[1].Client.Address;

        await _nodes[1].PauseAsync();
        string id;
        try
        {
            // Its sockets stay open and its port accepts connections: only its silence reveals the pause.
            await _nodes[0].Client.UntilAsync("misses node-2", async () => !(await _nodes[0].Client.PeersAsync(Test)).Contains(paused), Test);
            id = await _nodes[0].Client.SendAsync(_nodes[1].Client, "while you were paused", Test);
            await _nodes[2].Client.SendAsync(_nodes[0].Client, "we go on", Test);
            await _nodes[0].Client.ReceiveAsync("we go on", Test);
        }
        finally
        {
            await _nodes[1].UnpauseAsync();
        }

        Assert.Equal(id, (await _nodes[1].Client.ReceiveAsync("while you were paused", Test)).Id);
        await _nodes[0].Client.UntilAsync("has the acknowledgment", async () => await _nodes[0].Client.StateAsync(id, Test) == "acknowledged", Test);
    }

    [Fact]
    public async Task A_node_that_is_cut_off_from_the_network_gets_and_gives_everything_when_that_is_healed()
    {
        var (inside, outside) = (_nodes[0].Client, _nodes[2].Client);

        await _nodes[2].CutAsync();
        string there, back;
        try
        {
            await outside.UntilAsync("is alone", async () => (await outside.PeersAsync(Test)).Count == 0, Test);
            await inside.UntilAsync("misses node-3", async () => !(await inside.PeersAsync(Test)).Contains(outside.Address), Test);
            there = await inside.SendAsync(outside, "into the dark", Test);
            back = await outside.SendAsync(inside, "out of the dark", Test);
            Assert.Equal(("pending", "pending"), (await inside.StateAsync(there, Test), await outside.StateAsync(back, Test)));
        }
        finally
        {
            await _nodes[2].HealAsync();
        }

        Assert.Equal(there, (await outside.ReceiveAsync("into the dark", Test)).Id);
        Assert.Equal(back, (await inside.ReceiveAsync("out of the dark", Test)).Id);
    }
}
