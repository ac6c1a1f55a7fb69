using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Transport;

/// <summary>Handles the frames that a connection does not answer itself.</summary>
internal interface IFrameHandler
{
    /// <summary>
    /// Handles one frame. The connection reads the next one only after this completes, so waiting here slows down a peer that
    /// sends faster than this node can work.
    /// </summary>
    ValueTask HandleAsync(PeerConnection connection, Frame frame, CancellationToken cancellationToken);
}
