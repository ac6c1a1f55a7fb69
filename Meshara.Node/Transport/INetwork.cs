using System.Net;
using Meshara.Node.Identity;

namespace Meshara.Node.Transport;

/// <summary>Makes connections to other nodes: <see cref="TcpNetwork"/>, or the network of the simulator.</summary>
internal interface INetwork
{
    /// <summary>Connects to an endpoint and authenticates the node that answers there.</summary>
    /// <param name="endpoint">An IP address or a host name, and a port.</param>
    /// <param name="expected">The peer that should answer; null if any may.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DialException">Nothing answers at the endpoint.</exception>
    /// <exception cref="MesharaException">Something answers, but the handshake fails.</exception>
    Task<PeerConnection> DialAsync(EndPoint endpoint, NodeAddress? expected, CancellationToken cancellationToken);
}
