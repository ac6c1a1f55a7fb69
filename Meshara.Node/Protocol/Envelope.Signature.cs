using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using Meshara.Node.Identity;

namespace Meshara.Node.Protocol;

internal sealed partial class Envelope
{
    /// <summary>
    /// The most envelopes that may share a signature. With 16, each message bears a sixteenth of the signing and verification
    /// cost, and its inclusion proof of 128 bytes is still small.
    /// </summary>
    public const int MaxBatch = 16;

    private const int SignatureSize = 64;
    private const int MaxPathSize = 4 * MerkleTree.HashSize; // 2^4 = MaxBatch

    // Domain separation: a batch signature must not pass for one over an envelope, a peer record or a certificate.
    private static ReadOnlySpan<byte> BatchDomain => "meshara/1 envelopes\0"u8;

    private static int CanonicalSize => SealedHeaderSize + SHA256.HashSizeInBytes;

    private static int SignedRootSize => BatchDomain.Length + 4 + MerkleTree.HashSize;

    /// <summary>False until it is signed.</summary>
    public bool IsSigned => !Wire.Signature.IsEmpty;

    /// <summary>
    /// Signs up to <see cref="MaxBatch"/> envelopes of the sender. Several envelopes share one signature over the root of their
    /// Merkle tree, as in Roughtime and in Pavlovski and Boyd, "Efficient Batch Signature Generation Using Tree Structures"
    /// (1999). Each carries its inclusion proof and can be verified without the others.
    /// </summary>
    public static void Sign(NodeIdentity sender, ReadOnlySpan<Envelope> envelopes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(envelopes.Length, MaxBatch);
        Span<byte> canonical = stackalloc byte[CanonicalSize];
        var signature = new byte[SignatureSize];
        var shared = UnsafeByteOperations.UnsafeWrap(signature);
        if (envelopes is [var alone])
        {
            alone.WriteCanonical(canonical);
            sender.Sign(canonical, signature);
            alone.Wire.Signature = shared;
            return;
        }
        var leaves = new byte[envelopes.Length * MerkleTree.HashSize];
        for (var i = 0; i < envelopes.Length; i++)
        {
            envelopes[i].WriteCanonical(canonical);
            MerkleTree.HashLeaf(canonical, leaves.AsSpan(i * MerkleTree.HashSize, MerkleTree.HashSize));
        }
        var levels = MerkleTree.Build(leaves);
        Span<byte> root = stackalloc byte[SignedRootSize];
        levels[^1].CopyTo(WriteRootHeader((uint)envelopes.Length, root));
        sender.Sign(root, signature);
        for (var i = 0; i < envelopes.Length; i++)
        {
            var wire = envelopes[i].Wire;
            (wire.BatchSize, wire.BatchIndex) = ((uint)envelopes.Length, (uint)i);
            wire.BatchPath = UnsafeByteOperations.UnsafeWrap(MerkleTree.Path(levels, i));
            wire.Signature = shared;
        }
    }

    /// <summary>True if the sender's key signed exactly this header and payload, alone or in a batch.</summary>
    /// <param name="verified">Remembers valid batch signatures, so that each is verified once; null to verify every time.</param>
    public bool HasValidSignature(VerifiedBatches? verified = null)
    {
        Span<byte> canonical = stackalloc byte[CanonicalSize];
        WriteCanonical(canonical);
        if (Wire.BatchSize == 0)
            return NodeIdentity.Verify(Sender, canonical, Wire.Signature.Span);
        Span<byte> leaf = stackalloc byte[MerkleTree.HashSize];
        MerkleTree.HashLeaf(canonical, leaf);
        Span<byte> root = stackalloc byte[SignedRootSize];
        if (!MerkleTree.TryGetRoot(leaf, Wire.BatchIndex, Wire.BatchSize, Wire.BatchPath.Span, WriteRootHeader(Wire.BatchSize, root)))
            return false;
        return verified is null
            ? NodeIdentity.Verify(Sender, root, Wire.Signature.Span)
            : verified.Verify(Sender, root, Wire.Signature.Span);
    }

    /// <summary>Writes everything that is signed; its length does not depend on that of the payload.</summary>
    private void WriteCanonical(Span<byte> destination)
    {
        WriteHeader(destination);
        SHA256.HashData(Wire.Payload.Span, destination[SealedHeaderSize..]);
    }

    /// <summary>Writes the part of the signed bytes that precedes the root; returns the place for the root.</summary>
    private static Span<byte> WriteRootHeader(uint size, Span<byte> destination)
    {
        BatchDomain.CopyTo(destination);
        BinaryPrimitives.WriteUInt32BigEndian(destination[BatchDomain.Length..], size);
        return destination[(BatchDomain.Length + 4)..];
    }

    private static bool HasBatchShape(Wire.Envelope wire) => wire.BatchSize == 0
        ? wire.BatchIndex == 0 && wire.BatchPath.IsEmpty
        : wire.BatchSize is > 1 and <= MaxBatch && wire.BatchIndex < wire.BatchSize && wire.BatchPath.Length <= MaxPathSize;
}
