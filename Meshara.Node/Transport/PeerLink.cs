using System.Net;

namespace Meshara.Node.Transport;

/// <summary>An authenticated byte stream to a peer, which a <see cref="PeerConnection"/> sends its frames over.</summary>
/// <param name="Stream">Carries the frames both ways. Disposing it frees the connection.</param>
/// <param name="EndSending">Tells the other end that nothing more follows, while its data is still read.</param>
/// <param name="Remote">IP address and port of the peer.</param>
/// <param name="Instance">Distinguishes the peer's process from others with the same identity.</param>
/// <param name="AddressGroup">What the peer's address is counted under; null if the peer is on this machine.</param>
/// <param name="Outbound">True if this node dialled.</param>
/// <param name="DialNumber">The number that the dialling side gave the connection; its later dials have higher ones.</param>
internal sealed record PeerLink(
    Stream Stream, Action EndSending, string Remote, string Instance, IPAddress? AddressGroup, bool Outbound, ulong DialNumber);
