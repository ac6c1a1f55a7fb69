using System.ComponentModel.DataAnnotations;

namespace Meshara.Node.Gossip;

/// <summary>Section <c>Gossip</c>: how broadcasts spread.</summary>
public sealed class GossipOptions
{
    /// <summary>
    /// Peers a node chooses to push broadcasts to, and peers that are told of them at a time. Of the peers chosen those stay that make a tree
    /// with the choices of the others; twice as many may choose this node, and one that misses broadcasts is always added.
    /// </summary>
    [Range(1, 100)]
    public int Fanout { get; set; } = 4;

    /// <summary>How often ids are announced to peers that may have missed them.</summary>
    public TimeSpan AnnounceInterval { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a broadcast may travel.</summary>
    public TimeSpan TimeToLive { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Broadcasts kept for peers that ask for them.</summary>
    [Range(16, 1_000_000)]
    public int MaxRecent { get; set; } = 2_000;

    /// <summary>
    /// Bytes of them. When there is no more room a sender that has more than a quarter of it, or of <see cref="MaxRecent"/>, loses its
    /// oldest before others lose theirs.
    /// </summary>
    [Range(1024 * 1024, long.MaxValue)]
    public long MaxRecentBytes { get; set; } = 8L * 1024 * 1024;

    /// <summary>How often a node tells some peers what it has heard of the members.</summary>
    public TimeSpan MembershipInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A member that nobody has heard of for this long counts as gone; in a mesh of more than ten nodes it takes longer, see
    /// <see cref="MembershipPace"/>.
    /// </summary>
    public TimeSpan MemberTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
