using System.Net;
using System.Net.Sockets;
using Meshara.Node.Identity;

namespace Meshara.Node.Transport;

/// <summary>Dials over TCP and authenticates with TLS.</summary>
internal sealed class TcpNetwork(Handshake handshake, TransportOptions options) : INetwork
{
    public async Task<PeerConnection> DialAsync(EndPoint endpoint, NodeAddress? expected, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(options.DialTimeout);
        try
        {
            await socket.ConnectAsync(endpoint, deadline.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw new DialException($"Cannot reach {endpoint}: {(e is SocketException ? e.Message : "no answer")}.", e.Message, e);
        }
        return await handshake.DialAsync(socket, expected, cancellationToken);
    }
}
