using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Gossip;

/// <summary>Identifies a message by sender and id, because another sender could use the same id first.</summary>
internal readonly record struct BroadcastKey(NodeAddress Sender, MessageId Id)
{
    /// <summary>Length on the wire: the first 16 bytes of the sender, then the id.</summary>
    public const int Size = 16 + MessageId.Size;

    public ByteString ToWire()
    {
        Span<byte> sender = stackalloc byte[NodeAddress.Size];
        Sender.CopyTo(sender);
        var bytes = new byte[Size];
        sender[..16].CopyTo(bytes);
        Id.CopyTo(bytes.AsSpan(16));
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }
}
