namespace Meshara.Harness.Nodes;

/// <summary>The state of an accepted message, as reported by its sender's node.</summary>
/// <param name="State"><c>pending</c>, <c>acknowledged</c>, <c>expired</c> or <c>rejected</c>.</param>
/// <param name="Attempts">Number of delivery attempts, including failed ones.</param>
/// <param name="Reason">Why the last attempt failed; null if it did not.</param>
internal sealed record SentMessage(string State, int Attempts, string? Reason)
{
    /// <summary>Relays that keep a copy for the recipient.</summary>
    public int HeldBy { get; init; }

    /// <summary>When the node accepted it, by the node's clock.</summary>
    public DateTimeOffset? AcceptedAt { get; init; }

    /// <summary>When it stopped being pending, by the same clock; null before.</summary>
    public DateTimeOffset? CompletedAt { get; init; }
}
