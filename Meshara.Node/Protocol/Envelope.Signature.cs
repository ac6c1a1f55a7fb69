using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using Meshara.Node.Identity;

namespace Meshara.Node.Protocol;

internal sealed partial class Envelope
{
    /// <summary>
    /// Envelopes that may share a signature. With 16 a signature and its verification cost a message a sixteenth, and the proof
    /// that goes with each, 128 bytes, is still small beside the rest.
    /// </summary>
    public const int MaxBatch = 16;

    private const int SignatureSize = 64;
    private const int MaxPathSize = 4 * MerkleTree.HashSize; // 2^4 = MaxBatch

    // Domain separation: the signature of a batch can never be taken for one of an envelope, a peer record or a certificate.
    private static ReadOnlySpan<byte> BatchDomain => "meshara/1 envelopes\0"u8;

    private static int CanonicalSize => SealedHeaderSize + SHA256.HashSizeInBytes;

    private static int SignedRootSize => BatchDomain.Length + 4 + MerkleTree.HashSize;

    /// <summary>False until it is signed.</summary>
    public bool IsSigned => !Wire.Signature.IsEmpty;

    /// <summary>
    /// Signs one to <see cref="MaxBatch"/> envelopes of the sender. Several share one signature: that of the root of a Merkle tree
    /// over them, as in Roughtime and in Pavlovski and Boyd, "Efficient Batch Signature Generation Using Tree Structures" (1999);
    /// each carries its inclusion proof and can be verified without the others.
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

    /// <summary>True when the sender's key signed exactly this header and payload, alone or among others.</summary>
    /// <param name="verified">Signatures of batches that were found valid before, and this one from now on; null verifies anew.</param>
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

    /// <summary>Everything signed, of a length that does not depend on the payload's.</summary>
    private void WriteCanonical(Span<byte> destination)
    {
        WriteHeader(destination);
        SHA256.HashData(Wire.Payload.Span, destination[SealedHeaderSize..]);
    }

    /// <summary>Writes what goes before the root in what is signed; returns where the root goes.</summary>
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
