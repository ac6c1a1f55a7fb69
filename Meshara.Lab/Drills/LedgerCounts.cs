namespace Meshara.Lab.Drills;

/// <summary>The books of a drill at a moment.</summary>
/// <param name="Sent">Messages handed to a node, or tried to.</param>
/// <param name="Accepted">Those whose id was returned.</param>
/// <param name="Sighted">Accepted ones seen in their recipient's inbox.</param>
/// <param name="Refused">Those a node said no to, or that found nobody listening.</param>
/// <param name="Unknown">Those without an answer.</param>
/// <param name="Unsent">Those that were due while no node would take any.</param>
internal sealed record LedgerCounts(long Sent, long Accepted, long Sighted, long Refused, long Unknown, long Unsent)
{
    /// <summary>Accepted ones not seen yet.</summary>
    public long Waiting => Accepted - Sighted;
}
