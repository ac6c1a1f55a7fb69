using Google.Protobuf;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageType = Meshara.Node.Protocol.MessageType;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Mesh;

/// <summary>Creates identities, records and messages for tests.</summary>
internal static class Peers
{
    /// <summary>A valid record of a node that does not exist.</summary>
    public static PeerRecord Record(DateTimeOffset? expires = null, ulong sequence = 1)
    {
        using var identity = NodeIdentity.Generate();
        return Record(identity, expires, sequence);
    }

    public static PeerRecord Record(NodeIdentity identity, DateTimeOffset? expires = null, ulong sequence = 1) =>
        PeerRecord.Create(identity, "somebody", [PeerEndpoint.Tcp("127.0.0.1", 1)], sequence, expires ?? DateTimeOffset.UtcNow.AddHours(1));

    public static Frame Private(NodeIdentity sender, PeerRecord recipient, string text, TimeSpan? life = null)
    {
        var sealing = new Sealer(sender, Microsoft.Extensions.Options.Options.Create(new SealingOptions()), TimeProvider.System);
        return Message(sender, MessageType.Private, recipient.Address, header => sealing.Seal(recipient, header, System.Text.Encoding.UTF8.GetBytes(text)), life);
    }

    public static Frame Broadcast(NodeIdentity sender, string text, DateTimeOffset? made = null, TimeSpan? life = null) =>
        Message(sender, MessageType.Broadcast, default, _ => ByteString.CopyFromUtf8(text), life ?? TimeSpan.FromMinutes(5), made);

    public static Frame Ack(NodeIdentity sender, NodeAddress recipient, MessageId id, AckStatus status = AckStatus.Delivered)
    {
        var payload = new AckPayload();
        payload.Entries.Add(new AckEntry { Id = ByteString.CopyFrom(id.ToBytes()), Status = status });
        return Message(sender, MessageType.Ack, recipient, _ => payload.ToByteString());
    }

    public static Frame Message(
        NodeIdentity sender, MessageType type, NodeAddress recipient, PayloadFactory payload, TimeSpan? life = null, DateTimeOffset? made = null)
    {
        var now = made ?? DateTimeOffset.UtcNow;
        var envelope = Envelope.Create(sender, type, MessageId.Create(now), recipient, now, now + (life ?? TimeSpan.FromHours(1)), payload, parent: null);
        return new Frame { Envelope = envelope.Wire };
    }

    public static MessageId IdOf(Frame frame) => new(frame.Envelope.Id.Span);
}
