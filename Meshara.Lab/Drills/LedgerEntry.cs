namespace Meshara.Lab.Drills;

/// <summary>One message of a drill, handed to one node for another.</summary>
/// <param name="number">Its number in this drill.</param>
/// <param name="text">The text to send; it contains the number.</param>
/// <param name="sender">Index of the node it is handed to.</param>
/// <param name="recipient">Index of the node it is for.</param>
internal sealed class LedgerEntry(long number, string text, int sender, int recipient)
{
    /// <summary>Its number in this drill.</summary>
    public long Number => number;

    /// <summary>The text to send.</summary>
    public string Text => text;

    /// <summary>Index of the node it is handed to.</summary>
    public int Sender => sender;

    /// <summary>Index of the node it is for.</summary>
    public int Recipient => recipient;

    /// <summary>When it was handed over.</summary>
    public required DateTimeOffset BegunAt { get; init; }

    /// <summary>The answer of the sender's node.</summary>
    public LedgerState State { get; set; } = LedgerState.Open;

    /// <summary>Its id; null unless accepted.</summary>
    public string? Id { get; set; }

    /// <summary>When the node's answer that it was accepted arrived.</summary>
    public DateTimeOffset AcceptedAt { get; set; }

    /// <summary>When it was first seen in its recipient's inbox; null before.</summary>
    public DateTimeOffset? SightedAt { get; set; }

    /// <summary>True once it was seen in its recipient's inbox.</summary>
    public bool IsSighted => SightedAt is not null;
}
