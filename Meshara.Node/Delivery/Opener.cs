using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Delivery;

/// <summary>
/// Opens messages sealed to this node; keeps the contexts of recent senders, so that one key agreement opens many messages.
/// </summary>
internal sealed class Opener(NodeIdentity identity, TimeProvider time)
{
    private readonly RecentMap<(NodeAddress, ByteString), HpkeContext> _contexts = new(8_000, TimeSpan.FromMinutes(5), time);

    /// <summary>
    /// Decrypts the content; false if the payload was not sealed to this node by this sender for exactly this envelope.
    /// </summary>
    public bool TryOpen(Envelope envelope, [NotNullWhen(true)] out byte[]? content)
    {
        content = null;
        // A signed payload can still be malformed; the caller counts and answers it.
        if (!SealedPayloadView.TryRead(envelope.Wire.Payload.Span, out var payload)
            || payload.EncapsulatedKey.Length != Hpke.EncapsulatedKeySize || payload.Ciphertext.Length < Hpke.TagSize)
            return false;
        var key = (envelope.Sender, ByteString.CopyFrom(payload.EncapsulatedKey));
        var isKnown = _contexts.TryGet(key, out var context);
        if (!isKnown)
        {
            context = Hpke.SetupReceiver(
                payload.EncapsulatedKey, identity.EncryptionPrivateKey, identity.EncryptionPublicKey, SealingInfo.For(envelope.Sender, identity.Address));
            if (context is null)
                return false;
        }
        var plaintext = GC.AllocateUninitializedArray<byte>(payload.Ciphertext.Length - Hpke.TagSize);
        Span<byte> header = stackalloc byte[Envelope.SealedHeaderSize];
        envelope.WriteHeader(header);
        var isOpen = context!.TryOpen(payload.Sequence, header, payload.Ciphertext, plaintext);
        // Kept only after it has opened something, so that nobody else can fill the memory, and only from the second message
        // on: a sender that makes a new key for every message never reuses one.
        if (!isKnown && isOpen && payload.Sequence > 0)
            _contexts.Set(key, context);
        else if (!isKnown)
            context.Dispose();
        content = isOpen ? plaintext : null;
        return isOpen;
    }
}
