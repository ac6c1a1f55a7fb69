using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Gossip;

/// <summary>The state kept about another member. Its times are those of the <see cref="MemberTable"/> that guards it.</summary>
internal sealed class KnownMember
{
    /// <summary>Its latest statement about itself.</summary>
    public required Member State { get; set; }

    /// <summary>When that statement was news.</summary>
    public required TimeSpan At { get; set; }

    /// <summary>When its signature was verified.</summary>
    public required TimeSpan SignedAt { get; set; }

    /// <summary>Since when it has been doubted; null if it is not doubted.</summary>
    public TimeSpan? DoubtedAt { get; set; }

    /// <summary>True if it belongs to the view.</summary>
    public bool IsAlive { get; set; }

    /// <summary>In how many more rounds to send this.</summary>
    public int Rounds { get; set; }
}
