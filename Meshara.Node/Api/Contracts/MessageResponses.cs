using System.ComponentModel;
using Meshara.Node.Delivery;

namespace Meshara.Node.Api.Contracts;

[Description("The node owns the message now.")]
internal sealed record AcceptedResponse(
    [property: Description("The message's id: 32 hexadecimal digits.")] string Id);

[Description("How an accepted private message fares.")]
internal sealed record MessageResponse(
    [property: Description("The message's id: 32 hexadecimal digits.")] string Id,
    [property: Description("The recipient's address.")] string To,
    [property: Description("pending until the recipient's signed acknowledgment (acknowledged), its refusal (rejected) or the end of the time to live (expired).")]
    MessageState State,
    [property: Description("How often it was handed to a peer or failed to be.")] int Attempts,
    [property: Description("When the node took it over (UTC, RFC 3339).")] DateTime AcceptedAt,
    [property: Description("End of its time to live (UTC, RFC 3339).")] DateTime ExpiresAt,
    [property: Description("When it left pending (UTC, RFC 3339); null before.")] DateTime? CompletedAt,
    [property: Description("Why it was rejected or what the last attempt failed with; null when there is nothing to say.")] string? Reason,
    [property: Description("Relays that keep a copy for the recipient while it cannot be reached.")] int HeldBy)
{
    public static MessageResponse From(MessageStatus status) => new(
        status.Id.ToString(),
        status.Recipient.ToString(),
        status.State,
        status.Attempts,
        status.AcceptedAt.UtcDateTime,
        status.ExpiresAt.UtcDateTime,
        status.CompletedAt?.UtcDateTime,
        status.Reason,
        status.HeldBy);
}
