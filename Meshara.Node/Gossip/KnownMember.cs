using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Gossip;

/// <summary>What is known of one other member. Times are those of its <see cref="MemberTable"/>, which guards it.</summary>
internal sealed class KnownMember
{
    /// <summary>The last that it said of itself.</summary>
    public required Member State { get; set; }

    /// <summary>When that was news.</summary>
    public required TimeSpan At { get; set; }

    /// <summary>When its signature was verified.</summary>
    public required TimeSpan SignedAt { get; set; }

    /// <summary>Since when it is doubted that it is alive; null when it is not.</summary>
    public TimeSpan? DoubtedAt { get; set; }

    /// <summary>True when it belongs to the view.</summary>
    public bool IsAlive { get; set; }

    /// <summary>In how many rounds more this is told.</summary>
    public int Rounds { get; set; }
}
