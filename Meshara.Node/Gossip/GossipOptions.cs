using System.ComponentModel.DataAnnotations;

namespace Meshara.Node.Gossip;

/// <summary>Section <c>Gossip</c>: how broadcasts spread.</summary>
public sealed class GossipOptions
{
    /// <summary>
    /// The number of peers that a node chooses to push broadcasts to, and that it announces to at a time. Of the chosen links,
    /// those that form a tree with the choices of other nodes remain. Up to twice as many peers may choose this node, and a
    /// peer that misses broadcasts is always added.
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
    /// The most bytes of broadcasts kept. At the limit, a sender that uses more than a quarter of this, or of
    /// <see cref="MaxRecent"/>, loses its oldest broadcasts before others lose theirs.
    /// </summary>
    [Range(1024 * 1024, long.MaxValue)]
    public long MaxRecentBytes { get; set; } = 8L * 1024 * 1024;

    /// <summary>How often a node tells some peers its news about members.</summary>
    public TimeSpan MembershipInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A member that has been silent for this long counts as gone; meshes of more than ten nodes take longer, see
    /// <see cref="MembershipPace"/>.
    /// </summary>
    public TimeSpan MemberTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
