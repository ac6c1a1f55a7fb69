using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Delivery;

/// <summary>The state of an accepted private message.</summary>
public enum MessageState
{
    /// <summary>Accepted, not yet acknowledged.</summary>
    Pending,

    /// <summary>The recipient's signed acknowledgment was received and verified.</summary>
    Acknowledged,

    /// <summary>Its time to live ended without an acknowledgment.</summary>
    Expired,

    /// <summary>The recipient answered that it will not take the message.</summary>
    Rejected,
}

/// <summary>A snapshot of one outgoing private message.</summary>
/// <param name="Id">The message's id.</param>
/// <param name="Recipient">The recipient's address.</param>
/// <param name="State">The current state.</param>
/// <param name="Attempts">How many times a hand-over to a peer was attempted.</param>
/// <param name="AcceptedAt">When the node accepted it (UTC).</param>
/// <param name="ExpiresAt">The end of its time to live (UTC).</param>
/// <param name="CompletedAt">When it left <see cref="MessageState.Pending"/> (UTC); null while it is pending.</param>
/// <param name="Reason">Why it was rejected or why the last attempt failed; null if neither applies.</param>
/// <param name="HeldBy">The number of relays that keep a copy while the recipient cannot be reached.</param>
public sealed record MessageStatus(
    MessageId Id,
    NodeAddress Recipient,
    MessageState State,
    int Attempts,
    DateTimeOffset AcceptedAt,
    DateTimeOffset ExpiresAt,
    DateTimeOffset? CompletedAt,
    string? Reason,
    int HeldBy = 0);
