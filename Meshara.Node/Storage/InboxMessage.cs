using System.Net;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>One received message.</summary>
/// <param name="Cursor">Grows with every arrival; where a reader resumes.</param>
/// <param name="Id">The sender's id for it.</param>
/// <param name="Sender">Who signed it.</param>
/// <param name="IsBroadcast">Sent to everybody rather than to this node.</param>
/// <param name="SentAt">The sender's clock when it was accepted (UTC).</param>
/// <param name="ReceivedAt">This node's clock when it was delivered (UTC).</param>
/// <param name="Content">The message; opaque bytes.</param>
public sealed record InboxMessage(
    long Cursor,
    MessageId Id,
    NodeAddress Sender,
    bool IsBroadcast,
    DateTimeOffset SentAt,
    DateTimeOffset ReceivedAt,
    ReadOnlyMemory<byte> Content)
{
    internal IPAddress? Network { get; init; }
}
