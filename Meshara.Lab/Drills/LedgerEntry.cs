namespace Meshara.Lab.Drills;

/// <summary>One message of a drill: handed to one node for another.</summary>
/// <param name="Number">Its number in this drill, which its text carries.</param>
/// <param name="Text">What was sent.</param>
/// <param name="Sender">Index of the node it was handed to.</param>
/// <param name="Recipient">Index of the node it is for.</param>
internal sealed record LedgerEntry(long Number, string Text, int Sender, int Recipient)
{
    /// <summary>What the sender's node answered.</summary>
    public LedgerState State { get; set; } = LedgerState.Open;

    /// <summary>Its id, when it was accepted.</summary>
    public string? Id { get; set; }

    /// <summary>When the answer that it was accepted came.</summary>
    public DateTimeOffset AcceptedAt { get; set; }

    /// <summary>True once it was seen in its recipient's inbox while the drill ran.</summary>
    public bool IsSighted { get; set; }
}
