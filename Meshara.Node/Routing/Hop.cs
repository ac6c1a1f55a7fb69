using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Routing;

/// <summary>How the first hop was found; the value of the span attribute <c>route</c>.</summary>
internal enum RouteKind
{
    /// <summary>To the recipient itself.</summary>
    Direct,

    /// <summary>Through a relay.</summary>
    Bridge,

    /// <summary>Through the peer that last delivered something from the recipient.</summary>
    Cached,
}

/// <summary>A next hop.</summary>
/// <param name="Kind">How it was found.</param>
/// <param name="Peer">The peer to hand the message to.</param>
/// <param name="Dial">The peer's record if it must be dialled first; null if it is connected.</param>
internal readonly record struct Hop(RouteKind Kind, NodeAddress Peer, PeerRecord? Dial)
{
    /// <summary>The kind, as attributes and log lines show it.</summary>
    public string Name => Kind switch
    {
        RouteKind.Direct => "direct",
        RouteKind.Bridge => "bridge",
        _ => "cached",
    };
}
