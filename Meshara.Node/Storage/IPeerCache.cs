using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>Remembers the last known peers, so that a restarted node finds the mesh again without its bootstrap.</summary>
internal interface IPeerCache
{
    /// <summary>Saves these peers in place of those saved before.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>.</exception>
    ValueTask SavePeersAsync(IReadOnlyCollection<PeerRecord> peers, CancellationToken cancellationToken);

    /// <summary>
    /// The peers saved last, in the order given, as they were signed. A record may have expired since, or the file may have been
    /// changed: verify it before relying on it. Its endpoints are a hint worth dialing even if it is old.
    /// </summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>.</exception>
    ValueTask<IReadOnlyList<Protocol.Wire.PeerRecord>> LoadPeersAsync(CancellationToken cancellationToken);
}
