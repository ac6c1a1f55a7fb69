using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Delivery;

/// <summary>How an accepted private message fares.</summary>
public enum MessageState
{
    /// <summary>Accepted, not yet acknowledged.</summary>
    Pending,

    /// <summary>The recipient's signed acknowledgment was verified.</summary>
    Acknowledged,

    /// <summary>Its time to live ended without an acknowledgment.</summary>
    Expired,

    /// <summary>The recipient answered that it will not take it.</summary>
    Rejected,
}

/// <summary>A snapshot of one outgoing private message.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Recipient">To whom.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Attempts">How often it was handed to a peer or failed to be.</param>
/// <param name="AcceptedAt">When the node took it over (UTC).</param>
/// <param name="ExpiresAt">End of its time to live (UTC).</param>
/// <param name="CompletedAt">When it left <see cref="MessageState.Pending"/> (UTC), null before.</param>
/// <param name="Reason">Why it was rejected or what the last attempt failed with; null when there is nothing to say.</param>
/// <param name="HeldBy">Relays that keep a copy for the recipient while it cannot be reached.</param>
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
