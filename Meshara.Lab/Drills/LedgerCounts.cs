namespace Meshara.Lab.Drills;

/// <summary>The totals of a ledger at one moment.</summary>
/// <param name="Sent">Messages handed to a node, including failed attempts.</param>
/// <param name="Accepted">Messages whose id was returned.</param>
/// <param name="Sighted">Accepted messages seen in their recipient's inbox.</param>
/// <param name="Refused">Messages that a node refused or did not listen for.</param>
/// <param name="Unknown">Messages without an answer.</param>
/// <param name="Unsent">Messages that were due while no node could take any.</param>
internal sealed record LedgerCounts(long Sent, long Accepted, long Sighted, long Refused, long Unknown, long Unsent)
{
    /// <summary>Accepted messages not seen yet.</summary>
    public long Waiting => Accepted - Sighted;
}
