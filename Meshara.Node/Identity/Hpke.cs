using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Meshara.Node.Identity;

/// <summary>
/// HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20Poly1305. Implements only what the
/// node needs: setting up contexts, sealing and opening. The primitives are those of libsodium and .NET.
/// </summary>
internal static class Hpke
{
    /// <summary>Length of an encapsulated key in bytes.</summary>
    public const int EncapsulatedKeySize = X25519.Size;

    /// <summary>The number of bytes by which a ciphertext is longer than its plaintext.</summary>
    public const int TagSize = 16;

    internal const int KeySize = 32;
    internal const int NonceSize = 12;
    private const int HashSize = 32;

    // RFC 9180 sections 4.1 and 5.1: the suite identifiers that go into every labeled derivation.
    private static ReadOnlySpan<byte> KemSuite => "KEM\x00\x20"u8;
    private static ReadOnlySpan<byte> HpkeSuite => "HPKE\x00\x20\x00\x01\x00\x03"u8;

    private static readonly byte[] PskIdHash = LabeledExtract(HpkeSuite, [], "psk_id_hash"u8, []);

    /// <summary>SetupBaseS: a sending context and the encapsulated key for the recipient.</summary>
    /// <exception cref="MesharaException">
    /// With <see cref="ErrorCodes.Crypto"/> if the recipient's key is a point of small order.
    /// </exception>
    public static HpkeContext SetupSender(ReadOnlySpan<byte> recipientPublicKey, ReadOnlySpan<byte> info)
    {
        Span<byte> ephemeral = stackalloc byte[X25519.Size];
        RandomNumberGenerator.Fill(ephemeral);
        return SetupSender(recipientPublicKey, info, ephemeral);
    }

    internal static HpkeContext SetupSender(ReadOnlySpan<byte> recipientPublicKey, ReadOnlySpan<byte> info, Span<byte> ephemeral)
    {
        var encapsulated = X25519.PublicKey(ephemeral);
        Span<byte> agreed = stackalloc byte[X25519.Size];
        var valid = X25519.TryAgree(ephemeral, recipientPublicKey, agreed);
        CryptographicOperations.ZeroMemory(ephemeral);
        if (!valid)
            throw new MesharaException(ErrorCodes.Crypto, "The recipient's encryption key is not a valid X25519 key.");
        return Schedule(agreed, encapsulated, recipientPublicKey, info);
    }

    /// <summary>SetupBaseR: the receiving context, or null if the encapsulated key is invalid.</summary>
    public static HpkeContext? SetupReceiver(ReadOnlySpan<byte> encapsulated, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> info)
    {
        Span<byte> agreed = stackalloc byte[X25519.Size];
        return encapsulated.Length == EncapsulatedKeySize && X25519.TryAgree(privateKey, encapsulated, agreed)
            ? Schedule(agreed, encapsulated, publicKey, info)
            : null;
    }

    /// <summary>ExtractAndExpand (section 4.1) and KeySchedule (section 5.1), mode_base.</summary>
    private static HpkeContext Schedule(Span<byte> agreed, ReadOnlySpan<byte> encapsulated, ReadOnlySpan<byte> recipientPublicKey, ReadOnlySpan<byte> info)
    {
        Span<byte> kemContext = stackalloc byte[2 * X25519.Size];
        encapsulated.CopyTo(kemContext);
        recipientPublicKey.CopyTo(kemContext[X25519.Size..]);
        var extracted = LabeledExtract(KemSuite, [], "eae_prk"u8, agreed);
        Span<byte> shared = stackalloc byte[HashSize];
        LabeledExpand(KemSuite, extracted, "shared_secret"u8, kemContext, shared);

        Span<byte> context = stackalloc byte[1 + 2 * HashSize];
        context[0] = 0; // mode_base
        PskIdHash.CopyTo(context[1..]);
        LabeledExtract(HpkeSuite, [], "info_hash"u8, info).CopyTo(context[(1 + HashSize)..]);
        var secret = LabeledExtract(HpkeSuite, shared, "secret"u8, []);
        Span<byte> key = stackalloc byte[KeySize];
        var nonce = new byte[NonceSize];
        LabeledExpand(HpkeSuite, secret, "key"u8, context, key);
        LabeledExpand(HpkeSuite, secret, "base_nonce"u8, context, nonce);
        try
        {
            return new HpkeContext(encapsulated.ToArray(), key, nonce);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(agreed);
            CryptographicOperations.ZeroMemory(shared);
            CryptographicOperations.ZeroMemory(extracted);
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static byte[] LabeledExtract(ReadOnlySpan<byte> suite, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, ReadOnlySpan<byte> material)
    {
        Span<byte> labeled = stackalloc byte[7 + suite.Length + label.Length + material.Length];
        "HPKE-v1"u8.CopyTo(labeled);
        suite.CopyTo(labeled[7..]);
        label.CopyTo(labeled[(7 + suite.Length)..]);
        material.CopyTo(labeled[(7 + suite.Length + label.Length)..]);
        var key = new byte[HashSize];
        HKDF.Extract(HashAlgorithmName.SHA256, labeled, salt, key);
        CryptographicOperations.ZeroMemory(labeled);
        return key;
    }

    private static void LabeledExpand(ReadOnlySpan<byte> suite, ReadOnlySpan<byte> key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> info, Span<byte> output)
    {
        Span<byte> labeled = stackalloc byte[2 + 7 + suite.Length + label.Length + info.Length];
        BinaryPrimitives.WriteUInt16BigEndian(labeled, (ushort)output.Length);
        "HPKE-v1"u8.CopyTo(labeled[2..]);
        suite.CopyTo(labeled[9..]);
        label.CopyTo(labeled[(9 + suite.Length)..]);
        info.CopyTo(labeled[(9 + suite.Length + label.Length)..]);
        HKDF.Expand(HashAlgorithmName.SHA256, key, output, labeled);
    }
}
