using System.Runtime.InteropServices;

namespace Meshara.Node.Identity;

/// <summary>
/// X25519 (RFC 7748) from libsodium, called directly: NSec's key objects make about ten system calls each (guarded memory),
/// which would cost more than the agreement itself. The library is the one NSec ships.
/// </summary>
internal static partial class X25519
{
    /// <summary>Length of private keys, public keys and shared secrets in bytes.</summary>
    public const int Size = 32;

    static X25519() => NSec.Cryptography.KeyAgreementAlgorithm.X25519.ToString(); // initializes libsodium once

    public static byte[] PublicKey(ReadOnlySpan<byte> privateKey)
    {
        var publicKey = new byte[Size];
        PublicKey(privateKey, publicKey);
        return publicKey;
    }

    public static void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        Check(privateKey.Length == Size && publicKey.Length == Size);
        _ = crypto_scalarmult_curve25519_base(publicKey, privateKey);
    }

    /// <summary>Computes the shared secret; false if the other side sent a point of small order (RFC 7748 section 6.1).</summary>
    public static bool TryAgree(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey, Span<byte> shared)
    {
        Check(privateKey.Length == Size && publicKey.Length == Size && shared.Length == Size);
        return crypto_scalarmult_curve25519(shared, privateKey, publicKey) == 0;
    }

    private static void Check(bool sizes)
    {
        if (!sizes)
            throw new ArgumentException($"X25519 keys and secrets are {Size} bytes.");
    }

    [LibraryImport("libsodium")]
    private static partial int crypto_scalarmult_curve25519_base(Span<byte> q, ReadOnlySpan<byte> n);

    [LibraryImport("libsodium")]
    private static partial int crypto_scalarmult_curve25519(Span<byte> q, ReadOnlySpan<byte> n, ReadOnlySpan<byte> p);
}
