using Google.Protobuf;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Microsoft.Extensions.Options;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>The same keys and the same time in every run, so that a kept input stays valid.</summary>
internal static class FuzzKeys
{
    public static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>The node that parses.</summary>
    public static readonly NodeIdentity Self = NodeIdentity.Import(Secret(1));

    /// <summary>A peer that may sign whatever it likes.</summary>
    public static readonly NodeIdentity Peer = NodeIdentity.Import(Secret(2));

    /// <summary>The peer's record.</summary>
    public static PeerRecord Record() =>
        PeerRecord.Create(Peer, "peer", [PeerEndpoint.Tcp("127.0.0.1", 1), PeerEndpoint.ThroughRelay(Self.Address)], 1, Now.AddHours(12));

    /// <summary>A message from the peer to the node.</summary>
    public static Envelope Message(MessageType type = MessageType.Private) => Envelope.Create(
        Peer, type, Id(1), type == MessageType.Broadcast ? default : Self.Address, Now, Now.AddHours(1),
        header => type == MessageType.Private ? Seal(header) : ByteString.CopyFromUtf8("content"), parent: null);

    /// <summary>Signs a record as the peer's own, whatever it says.</summary>
    public static void Sign(Node.Protocol.Wire.PeerRecord record)
    {
        record.Identity = ByteString.CopyFrom(Peer.Address.ToBytes());
        var signature = new byte[64];
        Peer.Sign(PeerRecord.Canonical(record), signature);
        record.Signature = ByteString.CopyFrom(signature);
    }

    /// <summary>An id that is always the same.</summary>
    public static MessageId Id(byte last) => new([1, 0x9b, 0x7d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);

    /// <summary>The secret of a key; of no other use.</summary>
    public static byte[] Secret(byte value) => [.. Enumerable.Repeat(value, NodeIdentity.SecretSize)];

    private static ByteString Seal(ReadOnlySpan<byte> header)
    {
        var self = PeerRecord.Create(Self, "self", [], 1, Now.AddHours(12));
        return new Sealer(Peer, Options.Create(new SealingOptions()), TimeProvider.System).Seal(self, header, "content"u8);
    }
}
