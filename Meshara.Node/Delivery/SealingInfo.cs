using Meshara.Node.Identity;

namespace Meshara.Node.Delivery;

/// <summary>HPKE's <c>info</c>: binds a context to this use, this sender and this recipient.</summary>
internal static class SealingInfo
{
    private static ReadOnlySpan<byte> Domain => "meshara/1 private message\0"u8;

    public static byte[] For(NodeAddress sender, NodeAddress recipient)
    {
        var info = new byte[Domain.Length + NodeAddress.Size * 2];
        Domain.CopyTo(info);
        sender.CopyTo(info.AsSpan(Domain.Length));
        recipient.CopyTo(info.AsSpan(Domain.Length + NodeAddress.Size));
        return info;
    }
}
