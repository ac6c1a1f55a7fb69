using System.ComponentModel;
using System.Text;
using System.Text.Unicode;
using Meshara.Node.Storage;

namespace Meshara.Node.Api.Contracts;

[Description("A stretch of the inbox. It can be shorter than limit; only an empty one is the end.")]
internal sealed record InboxResponse(
    [property: Description("Oldest first.")] IReadOnlyList<ReceivedMessage> Messages,
    [property: Description("Where to go on: the after of the next request.")] long Next,
    [property: Description("True when after lies beyond the end of the inbox, which has begun anew since; messages start at its beginning.")] bool Reset);

[Description("One received message.")]
internal sealed record ReceivedMessage(
    [property: Description("Grows with every arrival; where a reader resumes.")] long Cursor,
    [property: Description("The sender's id for it: 32 hexadecimal digits.")] string Id,
    [property: Description("Address of the node that signed it.")] string From,
    [property: Description("private: sent to this node; broadcast: sent to everybody.")] ReceivedType Type,
    [property: Description("The sender's clock when it was accepted (UTC, RFC 3339).")] DateTime SentAt,
    [property: Description("This node's clock when it was delivered (UTC, RFC 3339).")] DateTime ReceivedAt,
    [property: Description("The content as text when it is valid UTF-8, otherwise null.")] string? Text,
    [property: Description("The content in base64 (RFC 4648 section 4).")] byte[] Content)
{
    public static ReceivedMessage Of(InboxMessage message) => new(
        message.Cursor,
        message.Id.ToString(),
        message.Sender.ToString(),
        message.IsBroadcast ? ReceivedType.Broadcast : ReceivedType.Private,
        message.SentAt.UtcDateTime,
        message.ReceivedAt.UtcDateTime,
        Utf8.IsValid(message.Content.Span) ? Encoding.UTF8.GetString(message.Content.Span) : null,
        message.Content.ToArray());
}

/// <summary>Who a received message was sent to.</summary>
internal enum ReceivedType
{
    /// <summary>To this node.</summary>
    Private,

    /// <summary>To every node.</summary>
    Broadcast,
}
