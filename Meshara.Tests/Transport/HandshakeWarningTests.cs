using System.Net;
using System.Net.Sockets;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Transport;

public sealed class HandshakeWarningTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_peer_that_stands_still_is_warned_of_once()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such shell.");
        await using var node = await SingleNode.StartFromShellAsync("export Transport__HandshakeTimeout=00:00:00.2", Cancel);
        const int Times = 5;
        for (var i = 0; i < Times; i++)
        {
            using var silent = new TcpClient();
            await silent.ConnectAsync(IPEndPoint.Parse(new Uri(node.Client.Endpoint.Mesh).Authority), Cancel);
            await silent.GetStream().ReadAsync(new byte[1], Cancel).AsTask().WaitAsync(NodeClient.Deadline, Cancel); // until it is closed
        }
        await node.Client.UntilAsync("has counted them", async () =>
            (await node.Client.Http.GetStringAsync(new Uri(node.Client.Endpoint.Metrics), Cancel)).Contains($"meshara_connection_errors_total{{reason=\"handshake\"}} {Times}", StringComparison.Ordinal), Cancel);
        await node.Process.StopAsync(Cancel);
        Assert.Single(node.Process.Output.Split('\n'), line => line.Contains("\"HandshakeFailed\"", StringComparison.Ordinal));
    }
}
