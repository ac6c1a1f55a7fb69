using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>Remembers the last known peers, so that a restarted node finds the mesh again without its bootstrap.</summary>
internal interface IPeerCache
{
    /// <summary>Remembers these peers and forgets those saved before.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>.</exception>
    ValueTask SavePeersAsync(IReadOnlyCollection<PeerRecord> peers, CancellationToken cancellationToken);

    /// <summary>
    /// The peers saved last, in the order given, as they were signed. A record may have expired since, and a file may have been
    /// changed: verify it before it counts as a record; what it says about endpoints is a hint worth a dial even when it is old.
    /// </summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>.</exception>
    ValueTask<IReadOnlyList<Protocol.Wire.PeerRecord>> LoadPeersAsync(CancellationToken cancellationToken);
}
