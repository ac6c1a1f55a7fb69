using System.Security.Cryptography;
using NSec.Cryptography;

namespace Meshara.Node.Identity;

/// <summary>
/// A node's own keys: Ed25519 (RFC 8032) for its identity, X25519 (RFC 7748) for messages sealed to it. They are independent;
/// the signed peer record binds the second to the first.
/// </summary>
public sealed class NodeIdentity : IDisposable
{
    /// <summary>Length of the exported secret in bytes: the Ed25519 seed, then the X25519 private key.</summary>
    internal const int SecretSize = 64;

    private readonly Key _signingKey;

    private NodeIdentity(Key signingKey, byte[] encryptionPrivateKey)
    {
        _signingKey = signingKey;
        EncryptionPrivateKey = encryptionPrivateKey;
        EncryptionPublicKey = X25519.PublicKey(encryptionPrivateKey);
        Address = new NodeAddress(signingKey.PublicKey.Export(KeyBlobFormat.RawPublicKey));
        Id = NodeId.Of(Address);
    }

    /// <summary>The public key that is this node's address.</summary>
    public NodeAddress Address { get; }

    internal NodeId Id { get; }

    /// <summary>X25519 public key, 32 bytes.</summary>
    internal byte[] EncryptionPublicKey { get; }

    /// <summary>X25519 private key, 32 bytes.</summary>
    internal byte[] EncryptionPrivateKey { get; }

    /// <summary>New keys from the system's random source.</summary>
    public static NodeIdentity Generate()
    {
        var encryption = GC.AllocateUninitializedArray<byte>(X25519.Size, pinned: true);
        System.Security.Cryptography.RandomNumberGenerator.Fill(encryption);
        return new NodeIdentity(Key.Create(SignatureAlgorithm.Ed25519, Exportable()), encryption);
    }

    /// <summary>Restores the identity exported by <see cref="ExportSecret"/>.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.KeyFile"/> if the bytes are not valid keys.</exception>
    internal static NodeIdentity Import(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != SecretSize || !Key.TryImport(SignatureAlgorithm.Ed25519, secret[..32], KeyBlobFormat.RawPrivateKey, out var signing, Exportable()))
            throw new MesharaException(ErrorCodes.KeyFile, "The key file does not hold a valid key.");
        var encryption = GC.AllocateUninitializedArray<byte>(X25519.Size, pinned: true);
        secret[32..].CopyTo(encryption);
        return new NodeIdentity(signing!, encryption);
    }

    /// <summary>The 64 secret bytes; the caller must wipe them.</summary>
    internal byte[] ExportSecret()
    {
        var secret = GC.AllocateUninitializedArray<byte>(SecretSize, pinned: true);
        var seed = _signingKey.Export(KeyBlobFormat.RawPrivateKey);
        seed.CopyTo(secret, 0);
        EncryptionPrivateKey.CopyTo(secret, 32);
        CryptographicOperations.ZeroMemory(seed);
        return secret;
    }

    /// <summary>Writes the 64-byte Ed25519 signature over <paramref name="data"/>.</summary>
    internal void Sign(ReadOnlySpan<byte> data, Span<byte> signature) => SignatureAlgorithm.Ed25519.Sign(_signingKey, data, signature);

    /// <summary>True if <paramref name="signature"/> over <paramref name="data"/> is by the key of <paramref name="signer"/>.</summary>
    internal static bool Verify(NodeAddress signer, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        Span<byte> key = stackalloc byte[NodeAddress.Size];
        signer.CopyTo(key);
        return signature.Length == 64
            && NSec.Cryptography.PublicKey.TryImport(SignatureAlgorithm.Ed25519, key, KeyBlobFormat.RawPublicKey, out var publicKey)
            && SignatureAlgorithm.Ed25519.Verify(publicKey!, data, signature);
    }

    private static KeyCreationParameters Exportable() => new() { ExportPolicy = KeyExportPolicies.AllowPlaintextExport };

    /// <inheritdoc/>
    public void Dispose()
    {
        _signingKey.Dispose();
        CryptographicOperations.ZeroMemory(EncryptionPrivateKey);
    }
}
