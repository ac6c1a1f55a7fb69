using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>Somebody who connects to a node's mesh port and does not speak its language.</summary>
internal static class Stranger
{
    /// <summary>Connects, says something that is no TLS, and waits for the node to hang up.</summary>
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
                // A TLS alert, at the most.
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            // Turned away with a reset.
        }
    }
}
