using System.Net;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>A verified message on its way into the inbox.</summary>
/// <param name="Id">The sender's id for it.</param>
/// <param name="Sender">Who signed it.</param>
/// <param name="IsBroadcast">Sent to everybody.</param>
/// <param name="SentAt">The sender's clock.</param>
/// <param name="ReceivedAt">This node's wall clock.</param>
/// <param name="Content">Opaque bytes.</param>
/// <param name="Expires">After this, in this node's steady time, no copy can arrive any more, and the id may be forgotten.</param>
internal sealed record IncomingMessage(
    MessageId Id, NodeAddress Sender, bool IsBroadcast, DateTimeOffset SentAt, DateTimeOffset ReceivedAt, ReadOnlyMemory<byte> Content, DateTimeOffset Expires)
{
    /// <summary>The address of the peer that handed it in, its sender or a relay (<see cref="Source"/>); null when that does not count.</summary>
    public IPAddress? Network { get; init; }
}

/// <summary>What became of a message offered to the inbox.</summary>
internal enum DeliveryResult
{
    /// <summary>It is in the inbox now.</summary>
    Delivered,

    /// <summary>It had been there before.</summary>
    Duplicate,

    /// <summary>It is not taken: as many unread messages are there as may be, of its sender, of one address, or of all together.</summary>
    Full,
}
