using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Microsoft.Extensions.Options;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Node.Delivery;

/// <summary>
/// Seals messages to recipients. One HPKE context (RFC 9180) serves several messages to the same recipient, since the key
/// agreement costs far more than the encryption; see docs/security.md for what that means for forward secrecy.
/// </summary>
internal sealed class Sealer(NodeIdentity identity, IOptions<SealingOptions> options, TimeProvider time)
{
    // Tag size of each of the three fields.
    private const int TagBytes = 1;

    private readonly SealingOptions _options = options.Value;
    private readonly RecentMap<NodeAddress, Session> _sessions = new(20_000, options.Value.KeyLifetime * 2, time);

    /// <summary>A sealed payload, bound to the envelope's header.</summary>
    public ByteString Seal(PeerRecord recipient, ReadOnlySpan<byte> header, ReadOnlySpan<byte> content)
    {
        var session = GetSession(recipient);
        var sequence = session.Context.NextSequence();
        var length = content.Length + Hpke.TagSize;
        // The serialized SealedPayload, with the ciphertext last and encrypted in place, since it is nearly the whole message.
        var bytes = GC.AllocateUninitializedArray<byte>(
            TagBytes + CodedOutputStream.ComputeBytesSize(session.EncapsulatedKey)
            + TagBytes + CodedOutputStream.ComputeUInt64Size(sequence)
            + TagBytes + CodedOutputStream.ComputeLengthSize(length) + length);
        using (var output = new CodedOutputStream(bytes))
        {
            output.WriteTag(SealedPayload.EncapsulatedKeyFieldNumber, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(session.EncapsulatedKey);
            output.WriteTag(SealedPayload.SequenceFieldNumber, WireFormat.WireType.Varint);
            output.WriteUInt64(sequence);
            output.WriteTag(SealedPayload.CiphertextFieldNumber, WireFormat.WireType.LengthDelimited);
            output.WriteLength(length);
        }
        session.Context.Seal(sequence, header, content, bytes.AsSpan(bytes.Length - length));
        if (_options.MessagesPerKey == 1)
            session.Context.Dispose();
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    private Session GetSession(PeerRecord recipient)
    {
        if (_sessions.TryGet(recipient.Address, out var session) && session.TryUse(_options, time, recipient))
            return session;
        // Two threads may both create one; both are valid, and the recipient identifies contexts by their key.
        session = new Session(Hpke.SetupSender(recipient.EncryptionKey, SealingInfo.For(identity.Address, recipient.Address)), recipient.Wire.EncryptionKey, time.GetTimestamp());
        session.TryUse(_options, time, recipient);
        if (_options.MessagesPerKey > 1)
            _sessions.Set(recipient.Address, session);
        return session;
    }

    private sealed class Session(HpkeContext context, ByteString recipientKey, long created)
    {
        private int _used;

        public HpkeContext Context { get; } = context;

        public ByteString EncapsulatedKey { get; } = UnsafeByteOperations.UnsafeWrap(context.EncapsulatedKey);

        public bool TryUse(SealingOptions options, TimeProvider time, PeerRecord recipient) =>
            Interlocked.Increment(ref _used) <= options.MessagesPerKey
            && time.GetElapsedTime(created) < options.KeyLifetime
            && recipientKey.Equals(recipient.Wire.EncryptionKey);
    }
}
