using System.Net;
using Meshara.Node.Identity;
using Meshara.Node.Transport;

namespace Meshara.Node;

/// <summary>Where something came from, for counting shares: identities are free, addresses are not.</summary>
/// <param name="Peer">The identity.</param>
/// <param name="Network">
/// The IP address or network it came from (<see cref="AddressLimits.GroupOf"/>); null for this machine itself, which is exempt.
/// </param>
internal readonly record struct Source(NodeAddress Peer, IPAddress? Network)
{
    /// <summary>A source whose address is not counted.</summary>
    public static implicit operator Source(NodeAddress peer) => new(peer, null);

    /// <summary>The share of all peers at one address together: half of the total, or one peer's share if that is more.</summary>
    public static long ShareOfNetwork(long inAll, long perPeer) => Math.Max(inAll / 2, perPeer);
}
