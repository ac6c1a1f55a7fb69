using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>A client that connects to a node's mesh port and does not speak the protocol.</summary>
internal static class Stranger
{
    /// <summary>Connects, sends bytes that are not TLS, and waits for the node to disconnect.</summary>
    public static async Task TalkNonsenseAsync(int port, CancellationToken stop)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, stop);
            await client.GetStream().WriteAsync(RandomNumberGenerator.GetBytes(256), stop);
            var answer = new byte[256];
            while (await client.GetStream().ReadAsync(answer, stop) > 0)
            {
                // At most a TLS alert.
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            // The node reset the connection.
        }
    }
}
