using System.Buffers.Binary;
using System.Numerics;
using NSec.Cryptography;

namespace Meshara.Node.Identity;

/// <summary>
/// A node's position in the Kademlia key space: the BLAKE2b-256 hash (RFC 7693) of its public key, so that nobody can choose
/// their position. Distance is XOR, as in Maymounkov and Mazières, "Kademlia" (2002).
/// </summary>
internal readonly struct NodeId : IEquatable<NodeId>
{
    public const int Size = 32;

    /// <summary>Bits of the key space.</summary>
    public const int Bits = Size * 8;

    private readonly ulong _a, _b, _c, _d;

    public NodeId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            throw new ArgumentException($"A node id is {Size} bytes, not {bytes.Length}.", nameof(bytes));
        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    public static NodeId Of(NodeAddress address)
    {
        Span<byte> key = stackalloc byte[NodeAddress.Size];
        Span<byte> hash = stackalloc byte[Size];
        address.CopyTo(key);
        HashAlgorithm.Blake2b_256.Hash(key, hash);
        return new NodeId(hash);
    }

    /// <summary>The number of leading bits that this id shares with another; 256 for itself.</summary>
    public int CommonPrefix(NodeId other)
    {
        if (_a != other._a) return BitOperations.LeadingZeroCount(_a ^ other._a);
        if (_b != other._b) return 64 + BitOperations.LeadingZeroCount(_b ^ other._b);
        if (_c != other._c) return 128 + BitOperations.LeadingZeroCount(_c ^ other._c);
        return 192 + BitOperations.LeadingZeroCount(_d ^ other._d);
    }

    /// <summary>Negative if <paramref name="left"/> is closer to this id than <paramref name="right"/> is.</summary>
    public int CompareDistance(NodeId left, NodeId right)
    {
        var order = (left._a ^ _a).CompareTo(right._a ^ _a);
        if (order == 0) order = (left._b ^ _b).CompareTo(right._b ^ _b);
        if (order == 0) order = (left._c ^ _c).CompareTo(right._c ^ _c);
        return order == 0 ? (left._d ^ _d).CompareTo(right._d ^ _d) : order;
    }

    /// <summary>
    /// A random id that shares exactly <paramref name="prefix"/> leading bits with this one, as a target for refreshing that
    /// bucket.
    /// </summary>
    public NodeId RandomAtDistance(int prefix, Random random)
    {
        Span<byte> bytes = stackalloc byte[Size];
        Span<byte> own = stackalloc byte[Size];
        random.NextBytes(bytes);
        CopyTo(own);
        for (var bit = 0; bit <= prefix && bit < Bits; bit++)
        {
            var mask = (byte)(0x80 >> (bit & 7));
            var set = (own[bit >> 3] & mask) != 0 ^ bit == prefix;
            bytes[bit >> 3] = (byte)(set ? bytes[bit >> 3] | mask : bytes[bit >> 3] & ~mask);
        }
        return new NodeId(bytes);
    }

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    public bool Equals(NodeId other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    public override bool Equals(object? obj) => obj is NodeId other && Equals(other);

    public override int GetHashCode() => _a.GetHashCode();

    public override string ToString() => $"{_a:x16}{_b:x16}{_c:x16}{_d:x16}";

    public static bool operator ==(NodeId left, NodeId right) => left.Equals(right);

    public static bool operator !=(NodeId left, NodeId right) => !left.Equals(right);
}
