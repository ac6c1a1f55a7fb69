using System.Net;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>A sealed message kept for somebody who is offline.</summary>
/// <param name="Recipient">For whom.</param>
/// <param name="Sender">Who signed it, and whose quota it counts against.</param>
/// <param name="Id">The sender's id for it.</param>
/// <param name="Envelope">The signed envelope as it goes on the wire.</param>
/// <param name="Expires">End of its time to live in this node's steady time; it is not kept beyond.</param>
internal sealed record HeldMessage(NodeAddress Recipient, NodeAddress Sender, MessageId Id, ReadOnlyMemory<byte> Envelope, DateTimeOffset Expires)
{
    /// <summary>The address it was brought from, and whose quota it counts against, too (<see cref="Source"/>); null when that does not count.</summary>
    public IPAddress? Network { get; init; }
}

/// <summary>What became of a message offered to a relay.</summary>
internal enum HoldResult
{
    /// <summary>It is kept.</summary>
    Held,

    /// <summary>It had been kept before.</summary>
    Duplicate,

    /// <summary>Its sender, all at its sender's address, or all senders together have as much here as they may.</summary>
    OverQuota,
}
