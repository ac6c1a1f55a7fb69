using System.Buffers.Binary;
using System.Security.Cryptography;
using Meshara.Node.Identity;

namespace Meshara.Node.Protocol;

/// <summary>
/// Verifies shared signatures once each, so that every further envelope of a batch costs only a few hashes. It remembers a hash
/// of signer, signed bytes and signature together, so that nothing else passes for verified. Safe for concurrent use.
/// </summary>
internal sealed class VerifiedBatches(TimeProvider time)
{
    private const int Remembered = 4_000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private readonly RecentMap<Fingerprint, byte> _valid = new(Remembered, Lifetime, time);

    /// <summary>
    /// True if <paramref name="signature"/> over <paramref name="signed"/> (at most 256 bytes) is by <paramref name="signer"/>.
    /// </summary>
    public bool Verify(NodeAddress signer, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        var fingerprint = Fingerprint.Of(signer, signed, signature);
        if (_valid.Contains(fingerprint))
            return true;
        if (!NodeIdentity.Verify(signer, signed, signature))
            return false;
        _valid.TryAdd(fingerprint, 0);
        return true;
    }

    private readonly record struct Fingerprint(UInt128 First, UInt128 Second)
    {
        public static Fingerprint Of(NodeAddress signer, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
        {
            // Signer and signature have fixed lengths, so different inputs never give the same bytes.
            Span<byte> all = stackalloc byte[NodeAddress.Size + 256 + 64];
            signer.CopyTo(all);
            signature.CopyTo(all[NodeAddress.Size..]);
            signed.CopyTo(all[(NodeAddress.Size + signature.Length)..]);
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(all[..(NodeAddress.Size + signature.Length + signed.Length)], hash);
            return new Fingerprint(BinaryPrimitives.ReadUInt128LittleEndian(hash), BinaryPrimitives.ReadUInt128LittleEndian(hash[16..]));
        }
    }
}
