using System.Net;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>One received message.</summary>
/// <param name="Cursor">Grows with every arrival; a reader resumes after it.</param>
/// <param name="Id">The sender's id for it.</param>
/// <param name="Sender">The signer.</param>
/// <param name="IsBroadcast">True if it was sent to everybody rather than to this node.</param>
/// <param name="SentAt">When it was accepted, by the sender's clock (UTC).</param>
/// <param name="ReceivedAt">When it was delivered, by this node's clock (UTC).</param>
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
