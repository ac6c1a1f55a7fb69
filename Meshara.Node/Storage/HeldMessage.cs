using System.Net;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>A sealed message held for a recipient that is offline.</summary>
/// <param name="Recipient">The recipient.</param>
/// <param name="Sender">The signer, whose quota it counts against.</param>
/// <param name="Id">The sender's id for it.</param>
/// <param name="Envelope">The signed envelope as it goes on the wire.</param>
/// <param name="Expires">End of its time to live in this node's steady time; it is not held longer.</param>
internal sealed record HeldMessage(NodeAddress Recipient, NodeAddress Sender, MessageId Id, ReadOnlyMemory<byte> Envelope, DateTimeOffset Expires)
{
    /// <summary>
    /// The address it came from, whose quota it also counts against (<see cref="Source"/>); null if that is not counted.
    /// </summary>
    public IPAddress? Network { get; init; }
}

/// <summary>The result of offering a message to a relay.</summary>
internal enum HoldResult
{
    /// <summary>The message is held.</summary>
    Held,

    /// <summary>The message was already held.</summary>
    Duplicate,

    /// <summary>The sender, the address it came from, or all senders together have used up their quota.</summary>
    OverQuota,
}
