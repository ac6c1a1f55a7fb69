using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Envelope = Meshara.Node.Protocol.Envelope;

namespace Meshara.Node.Delivery;

/// <summary>Opens what was sealed to this node; remembers the contexts of recent senders, so that one key agreement opens many messages.</summary>
internal sealed class Opener(NodeIdentity identity, TimeProvider time)
{
    private readonly RecentMap<(NodeAddress, ByteString), HpkeContext> _contexts = new(8_000, TimeSpan.FromMinutes(5), time);

    /// <summary>The content; false when the payload was not sealed to this node by this sender for exactly this envelope.</summary>
    public bool TryOpen(Envelope envelope, [NotNullWhen(true)] out byte[]? content)
    {
        content = null;
        SealedPayload payload;
        try
        {
            payload = SealedPayload.Parser.ParseFrom(envelope.Wire.Payload.Span);
        }
        catch (InvalidProtocolBufferException)
        {
            return false; // signed nonsense is still nonsense: the caller counts and answers it
        }
        if (payload.Ciphertext.Length < Hpke.TagSize)
            return false;
        var key = (envelope.Sender, payload.EncapsulatedKey);
        if (!_contexts.TryGet(key, out var context))
        {
            context = Hpke.SetupReceiver(
                payload.EncapsulatedKey.Span, identity.EncryptionPrivateKey, identity.EncryptionPublicKey, SealingInfo.For(envelope.Sender, identity.Address));
            if (context is null)
                return false;
        }
        var plaintext = GC.AllocateUninitializedArray<byte>(payload.Ciphertext.Length - Hpke.TagSize);
        Span<byte> header = stackalloc byte[Envelope.SealedHeaderSize];
        envelope.WriteHeader(header);
        if (!context.TryOpen(payload.Sequence, header, payload.Ciphertext.Span, plaintext))
            return false;
        // Kept only now that it has opened something: nobody else can fill the memory.
        _contexts.Set(key, context);
        content = plaintext;
        return true;
    }
}
