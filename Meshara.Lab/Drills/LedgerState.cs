namespace Meshara.Lab.Drills;

/// <summary>The outcome of handing a message to a node.</summary>
internal enum LedgerState
{
    /// <summary>No answer yet.</summary>
    Open,

    /// <summary>The node returned its id: the message must arrive exactly once.</summary>
    Accepted,

    /// <summary>The node refused it: the message must not arrive.</summary>
    Refused,

    /// <summary>The node ended before it answered: the message may arrive, but only once.</summary>
    Unknown,
}
