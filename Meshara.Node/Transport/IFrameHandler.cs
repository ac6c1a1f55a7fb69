using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Transport;

/// <summary>Where frames go that the connection does not answer itself.</summary>
internal interface IFrameHandler
{
    /// <summary>
    /// Handles one frame. The connection reads the next one only when this completes: waiting here is how a node
    /// slows down a peer that sends faster than it can work.
    /// </summary>
    ValueTask HandleAsync(PeerConnection connection, Frame frame, CancellationToken cancellationToken);
}
