namespace Meshara.Harness.Nodes;

/// <summary>Connects to a port of a node that this program's own network does not reach.</summary>
/// <param name="port">The port, on the node's loopback address.</param>
/// <param name="cancellationToken">Ends the attempt.</param>
/// <exception cref="System.Net.Sockets.SocketException">Nothing listens on the port.</exception>
internal delegate Task<Stream> NodeConnector(int port, CancellationToken cancellationToken);
