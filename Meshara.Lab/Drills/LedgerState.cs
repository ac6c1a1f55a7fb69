namespace Meshara.Lab.Drills;

/// <summary>What became of the call that handed a message to a node.</summary>
internal enum LedgerState
{
    /// <summary>No answer yet.</summary>
    Open,

    /// <summary>The node returned its id: it has to arrive, once.</summary>
    Accepted,

    /// <summary>The node said no: it must not arrive.</summary>
    Refused,

    /// <summary>The node went away before it answered: it may arrive, but not twice.</summary>
    Unknown,
}
