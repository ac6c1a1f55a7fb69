using System.Net;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>A verified message on its way into the inbox.</summary>
/// <param name="Id">The sender's id for it.</param>
/// <param name="Sender">The signer.</param>
/// <param name="IsBroadcast">True if it was sent to everybody.</param>
/// <param name="SentAt">The sender's clock.</param>
/// <param name="ReceivedAt">This node's wall clock.</param>
/// <param name="Content">Opaque bytes.</param>
/// <param name="Expires">In this node's steady time: no copy can arrive after this, so the id may be forgotten.</param>
internal sealed record IncomingMessage(
    MessageId Id, NodeAddress Sender, bool IsBroadcast, DateTimeOffset SentAt, DateTimeOffset ReceivedAt, ReadOnlyMemory<byte> Content, DateTimeOffset Expires)
{
    /// <summary>
    /// The address of the peer that handed it in, its sender or a relay (<see cref="Source"/>); null if that is not counted.
    /// </summary>
    public IPAddress? Network { get; init; }
}

/// <summary>The result of offering a message to the inbox.</summary>
internal enum DeliveryResult
{
    /// <summary>It is in the inbox now.</summary>
    Delivered,

    /// <summary>It was in the inbox before.</summary>
    Duplicate,

    /// <summary>It is refused: its sender, one address, or all together have reached the limit of unread messages.</summary>
    Full,
}
