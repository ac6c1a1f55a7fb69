using System.Security.Cryptography;

namespace Meshara.Node.Protocol;

/// <summary>
/// The Merkle tree of RFC 9162 section 2.1 over a few entries, with SHA-256: its root commits to all entries, and an inclusion
/// proof shows that an entry is among them.
/// </summary>
internal static class MerkleTree
{
    /// <summary>Length of a hash in bytes.</summary>
    public const int HashSize = SHA256.HashSizeInBytes;

    // RFC 9162: different prefixes keep the hash of an entry from passing for that of an inner node.
    private const byte LeafPrefix = 0;
    private const byte NodePrefix = 1;

    /// <summary>Hashes an entry of at most 256 bytes into 32 bytes.</summary>
    public static void HashLeaf(ReadOnlySpan<byte> entry, Span<byte> hash)
    {
        Span<byte> input = stackalloc byte[1 + 256];
        input[0] = LeafPrefix;
        entry.CopyTo(input[1..]);
        SHA256.HashData(input[..(entry.Length + 1)], hash);
    }

    /// <summary>The levels of the tree, starting with <paramref name="leaves"/>; the last level is the root.</summary>
    public static List<byte[]> Build(byte[] leaves)
    {
        var levels = new List<byte[]> { leaves };
        while (levels[^1] is { Length: > HashSize } below)
        {
            // A node without a sibling moves up unchanged, as in the RFC's tree.
            var above = new byte[(below.Length / HashSize + 1) / 2 * HashSize];
            for (var at = 0; at < below.Length; at += 2 * HashSize)
            {
                var node = above.AsSpan(at / 2, HashSize);
                if (at + HashSize < below.Length)
                    HashNode(below.AsSpan(at, HashSize), below.AsSpan(at + HashSize, HashSize), node);
                else
                    below.AsSpan(at).CopyTo(node);
            }
            levels.Add(above);
        }
        return levels;
    }

    /// <summary>
    /// The inclusion proof of the entry at <paramref name="index"/> (section 2.1.3.1): its sibling's hash on each level.
    /// </summary>
    public static byte[] Path(List<byte[]> levels, int index)
    {
        var path = new byte[(levels.Count - 1) * HashSize];
        var length = 0;
        foreach (var level in levels)
        {
            var beside = (index ^ 1) * HashSize;
            if (beside < level.Length)
            {
                level.AsSpan(beside, HashSize).CopyTo(path.AsSpan(length));
                length += HashSize;
            }
            index /= 2;
        }
        return length == path.Length ? path : path[..length];
    }

    /// <summary>
    /// The root that <paramref name="leaf"/> and its inclusion proof lead to (section 2.1.3.2); false if the proof's length
    /// does not fit the tree.
    /// </summary>
    public static bool TryGetRoot(ReadOnlySpan<byte> leaf, uint index, uint size, ReadOnlySpan<byte> path, Span<byte> root)
    {
        if (index >= size || path.Length % HashSize != 0)
            return false;
        leaf.CopyTo(root);
        var last = size - 1;
        for (; !path.IsEmpty; path = path[HashSize..])
        {
            if (last == 0)
                return false;
            if (index % 2 == 1 || index == last)
            {
                HashNode(path[..HashSize], root, root);
                for (; index % 2 == 0 && index != 0; index /= 2)
                    last /= 2;
            }
            else
            {
                HashNode(root, path[..HashSize], root);
            }
            index /= 2;
            last /= 2;
        }
        return last == 0;
    }

    private static void HashNode(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> hash)
    {
        Span<byte> input = stackalloc byte[1 + 2 * HashSize];
        input[0] = NodePrefix;
        left.CopyTo(input[1..]);
        right.CopyTo(input[(1 + HashSize)..]);
        SHA256.HashData(input, hash);
    }
}
