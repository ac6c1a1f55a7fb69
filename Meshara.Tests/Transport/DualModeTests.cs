using System.Net;
using System.Net.Sockets;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Transport;

/// <summary>Networks with IPv4 and IPv6, or with IPv6 only.</summary>
public sealed class DualModeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("[::]:0")]
    [InlineData("0.0.0.0:0")]
    [InlineData("[::1]:0")]
    [InlineData("127.0.0.1:0")]
    public async Task What_a_node_publishes_can_be_connected_to(string listen)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6.");
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync(("Mesh:Listen", listen));
        var published = node.Get<Listener>().Advertised;
        Assert.NotEmpty(published);
        foreach (var endpoint in published)
            await ConnectAsync(IPAddress.Parse(endpoint.Host!), endpoint.Port);
    }

    [Fact]
    public async Task A_node_on_the_ipv6_wildcard_is_reached_by_either_kind_of_address()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6.");
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync(("Mesh:Listen", "[::]:0"));
        await ConnectAsync(IPAddress.Loopback, node.Bound.Port);
        await ConnectAsync(IPAddress.IPv6Loopback, node.Bound.Port);
        await using var peer = new TransportEnd();
        await Eventually.InTimeAsync(peer.Swarm.ConnectAsync(new IPEndPoint(IPAddress.Loopback, node.Bound.Port), Cancel));
        await Eventually.TrueAsync(() => node.View.ConnectedPeers == 1, "the peer is connected");
        Assert.StartsWith("127.0.0.1:", node.View.GetPeers()[0].Remote, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tcp://six.test:PORT")]
    [InlineData("meshara://six.test:PORT")]
    public async Task A_bootstrap_name_may_have_an_ipv6_address_only(string bootstrap)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6.");
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "A file of names of the test's own needs root on Linux.");
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync(("Mesh:Listen", "[::1]:0"));
        using var folder = new Stack.TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("hosts"), "127.0.0.1 localhost\n::1 six.test\n", Cancel);
        await using var program = new RunningProgram(HostProgram.Start("unshare",
        [
            "--mount", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\"", folder.File("hosts"), HostProgram.Node, "run", "--data", folder.File("data"),
            "--mesh", "127.0.0.1:0", "--http", "127.0.0.1:0", "--metrics", "0", "--stop-with-input",
            "--bootstrap", bootstrap.Replace("PORT", $"{node.Bound.Port}", StringComparison.Ordinal),
        ]));
        await program.PrintsAsync("\"Joined\"", Cancel);
        Assert.Equal(0, await program.StopAsync(Cancel));
    }

    private static async Task ConnectAsync(IPAddress address, int port)
    {
        using var client = new TcpClient(address.AddressFamily);
        await Eventually.InTimeAsync(client.ConnectAsync(address, port, Cancel).AsTask());
    }
}
