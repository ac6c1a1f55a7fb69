using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using Meshara.Node.Identity;

namespace Meshara.Node.Gossip;

/// <summary>A set of members and its digests, computed once per change instead of once per scrape.</summary>
internal sealed class MemberView
{
    private const int MinBuckets = 16;
    private const int MaxBuckets = 1024;
    private const int MembersPerBucket = 8;

    private readonly List<NodeAddress> _members;

    /// <param name="members">In any order, without duplicates.</param>
    public MemberView(IEnumerable<NodeAddress> members)
    {
        _members = [.. members.Order()];
        var bytes = new byte[_members.Count * NodeAddress.Size];
        for (var i = 0; i < _members.Count; i++)
            _members[i].CopyTo(bytes.AsSpan(i * NodeAddress.Size));
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        Hash = BinaryPrimitives.ReadUInt32BigEndian(hash);
    }

    /// <summary>Equal for equal sets; different sets collide once in four billion.</summary>
    public uint Hash { get; }

    public int Size => _members.Count;

    /// <summary>How many buckets to divide the address space into, for about eight members each.</summary>
    public int BucketCount => Math.Clamp((int)BitOperations.RoundUpToPowerOf2((uint)(Size / MembersPerBucket)), MinBuckets, MaxBuckets);

    /// <summary>False for a number of buckets that no view uses.</summary>
    public static bool IsBucketCount(int count) => count is >= MinBuckets and <= MaxBuckets && BitOperations.IsPow2(count);

    /// <summary>The bucket of a member. Addresses are public keys and therefore evenly distributed.</summary>
    public static int BucketOf(NodeAddress member, int count)
    {
        Span<byte> bytes = stackalloc byte[NodeAddress.Size];
        member.CopyTo(bytes);
        return BinaryPrimitives.ReadUInt16BigEndian(bytes) * count >> 16;
    }

    /// <summary>For each bucket, the XOR of the last four bytes of its members' addresses.</summary>
    public uint[] Buckets(int count)
    {
        var buckets = new uint[count];
        Span<byte> bytes = stackalloc byte[NodeAddress.Size];
        foreach (var member in _members)
        {
            member.CopyTo(bytes);
            buckets[BucketOf(member, count)] ^= BinaryPrimitives.ReadUInt32BigEndian(bytes[^sizeof(uint)..]);
        }
        return buckets;
    }
}
