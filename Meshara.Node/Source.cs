using System.Net;
using Meshara.Node.Identity;
using Meshara.Node.Transport;

namespace Meshara.Node;

/// <summary>Who brought something, as its shares are counted: identities cost nothing to make, addresses do.</summary>
/// <param name="Peer">The identity.</param>
/// <param name="Network">The IP address or network it came from (<see cref="AddressLimits.GroupOf"/>); null when that is this machine's own, which is not limited.</param>
internal readonly record struct Source(NodeAddress Peer, IPAddress? Network)
{
    /// <summary>A source whose address does not count.</summary>
    public static implicit operator Source(NodeAddress peer) => new(peer, null);

    /// <summary>What all peers at one address may have together: half of the room, or one peer's share where that is more.</summary>
    public static long ShareOfNetwork(long inAll, long perPeer) => Math.Max(inAll / 2, perPeer);
}
