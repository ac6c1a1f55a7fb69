using System.Net;
using System.Net.Sockets;
using Meshara.Node;
using Meshara.Tests.Stack.Local;
using Microsoft.Extensions.Configuration;

namespace Meshara.Tests.Api;

/// <summary>
/// A node with a low limit of open files, as set by a shell, service manager or container, and strangers that connect and send
/// nothing.
/// </summary>
public sealed class OpenFilesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(512, "http")]
    [InlineData(512, "metrics")]
    [InlineData(512, "mesh")]
    [InlineData(1024, "http")]
    public async Task Idle_connections_take_no_file_that_the_node_needs(int limit, string port)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no limit of open files.");
        await using var node = await SingleNode.StartFromShellAsync($"ulimit -n {limit}", Cancel);
        using var idle = new IdleConnections();
        await idle.OpenAsync(PortOf(node, port), limit);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(new Uri(node.Client.Endpoint.Http)));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(new Uri(node.Client.Endpoint.Metrics)));
        await using var peer = await SingleNode.StartAsync("peer", [node.Client], Cancel);
        var id = await peer.Client.SendAsync(node.Client, "still there", Cancel);
        await peer.Client.UntilAsync("is acknowledged", async () => await peer.Client.StateAsync(id, Cancel) == "acknowledged", Cancel);
        Assert.False(node.Process.HasExited, node.Process.Output);
        Assert.Equal(0, await node.Process.StopAsync(Cancel));
        Assert.Single(node.Process.Output.Split('\n'), line => line.Contains("\"FewOpenFiles\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_takes_none_of_the_inotify_instances_that_its_user_has()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has them.");
        await using var node = await SingleNode.StartAsync("unwatched", [], Cancel);
        var open = new DirectoryInfo($"/proc/{node.Process.Id}/fd").GetFiles().Select(file => file.LinkTarget).ToList();
        Assert.Contains("anon_inode:[eventpoll]", open);
        Assert.DoesNotContain("anon_inode:inotify", open);
    }

    [Fact]
    public async Task A_limit_that_is_too_low_for_a_node_is_one_line_and_exit_code_2()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no limit of open files.");
        using var folder = new Stack.TemporaryFolder();
        await using var program = new RunningProgram(HostProgram.Start("/bin/sh", "-c", "ulimit -n 300; exec \"$@\"", "sh", HostProgram.Node,
            "run", "--data", folder.File("data"), "--mesh", "127.0.0.1:0", "--http", "127.0.0.1:0", "--metrics", "0", "--stop-with-input"));
        Assert.Equal(Meshara.Node.Cli.ExitCodes.Usage, await program.ExitAsync(Cancel));
        Assert.Matches("^meshara: Only 300 files and sockets may be open at once, and a node needs 464: raise the limit [^\n]+$", program.Output);
    }

    [Fact]
    public async Task A_soft_limit_is_raised_to_the_hard_one()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no limit of open files.");
        await using var node = await SingleNode.StartFromShellAsync("ulimit -Hn 8192; ulimit -Sn 512", Cancel);
        Assert.Equal(0, await node.Process.StopAsync(Cancel));
        Assert.DoesNotContain("\"FewOpenFiles\"", node.Process.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(464)]
    [InlineData(512)]
    [InlineData(1024)]
    [InlineData(4096)]
    [InlineData(8192)]
    [InlineData(int.MaxValue)]
    public void All_ports_together_leave_the_node_its_own_files(int limit)
    {
        var settings = NodeSettings.From(new ConfigurationBuilder().Build());
        var isLess = ConnectionBudget.Fit(settings, limit);
        var transport = settings.Transport;
        int[] sockets = [settings.Api.MaxConnections, settings.Metrics.MaxConnections, transport.MaxConnections, 2 * transport.MaxInboundHandshakes, transport.MaxDials];
        Assert.All(sockets, count => Assert.InRange(count, 1, int.MaxValue));
        Assert.True(sockets.Sum() <= limit - ConnectionBudget.Reserved);
        Assert.True(transport.LowWater <= transport.HighWater && transport.HighWater <= transport.MaxConnections);
        Assert.Equal(limit < 8192, isLess);
        Assert.False(ConnectionBudget.Fit(settings, limit)); // settings that fit are not changed
    }

    private static int PortOf(SingleNode node, string port) => new Uri(port switch
    {
        "http" => node.Client.Endpoint.Http,
        "metrics" => node.Client.Endpoint.Metrics,
        _ => node.Client.Endpoint.Mesh,
    }).Port;

    /// <summary>Uses a new connection, like a new client.</summary>
    private static async Task<HttpStatusCode> StatusAsync(Uri url)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = NodeClient.Deadline };
        using var answer = await client.GetAsync(url.AbsolutePath == "/" ? new Uri(url, "ready") : url, Cancel);
        return answer.StatusCode;
    }

    private sealed class IdleConnections : IDisposable
    {
        private readonly List<Socket> _sockets = [];

        public async Task OpenAsync(int port, int count)
        {
            for (var i = 0; i < count; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                _sockets.Add(socket);
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), Cancel).AsTask().WaitAsync(NodeClient.Deadline, Cancel);
            }
        }

        public void Dispose() => _sockets.ForEach(socket => socket.Dispose());
    }
}
