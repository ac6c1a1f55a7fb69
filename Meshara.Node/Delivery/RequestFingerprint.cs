using System.Buffers.Binary;
using System.Security.Cryptography;
using Meshara.Node.Identity;

namespace Meshara.Node.Delivery;

/// <summary>SHA-256 of a request's parameters, which tells a repetition from a different request under the same key.</summary>
internal static class RequestFingerprint
{
    /// <param name="recipient">Null for a broadcast.</param>
    public static byte[] Of(NodeAddress? recipient, TimeSpan? timeToLive, ReadOnlySpan<byte> content)
    {
        Span<byte> head = stackalloc byte[1 + NodeAddress.Size + 8];
        head.Clear();
        if (recipient is { } address)
        {
            head[0] = 1;
            address.CopyTo(head[1..]);
        }
        BinaryPrimitives.WriteInt64BigEndian(head[(1 + NodeAddress.Size)..], timeToLive?.Ticks ?? 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(head);
        hash.AppendData(content);
        return hash.GetHashAndReset();
    }
}
