using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Google.Protobuf;
using Meshara.Node.Identity;

namespace Meshara.Node.Protocol;

/// <summary>A node's identity and how to reach it, signed by its identity key. An instance always carries a valid signature.</summary>
internal sealed class PeerRecord
{
    private const int MaxEndpoints = 8;
    private const int MaxName = 64;

    // Records are stored for others and sent by the dozen: room for eight endpoints of 300 characters and the rest.
    private const int MaxBytes = 3 * 1024;

    /// <summary>
    /// How far ahead a sequence may be to be accepted, and how long a record from its owner is used; others' records are used
    /// for at most twice as long. A clock that was briefly wrong must not decide for longer which record counts.
    /// </summary>
    public static readonly TimeSpan MaxAhead = TimeSpan.FromDays(1);

    private static ReadOnlySpan<byte> Domain => "meshara/1 peer record\0"u8;

    private PeerRecord(Wire.PeerRecord wire, IReadOnlyList<PeerEndpoint> endpoints, DateTimeOffset expires)
    {
        Wire = wire;
        Address = new NodeAddress(wire.Identity.Span);
        Id = NodeId.Of(Address);
        Endpoints = endpoints;
        Expires = expires;
        Name = Printable.Bounded(wire.Name, MaxName);
    }

    private PeerRecord(PeerRecord other, DateTimeOffset expires)
    {
        (Wire, Address, Id, Endpoints, Name) = (other.Wire, other.Address, other.Id, other.Endpoints, other.Name);
        Expires = expires;
    }

    /// <summary>
    /// Records known to be valid, by signature; null in a node. The simulator, whose nodes share a process, verifies and keeps
    /// each record once with it.
    /// </summary>
    internal static Dictionary<ByteString, PeerRecord>? Verified { get; set; }

    public Wire.PeerRecord Wire { get; }

    public NodeAddress Address { get; }

    public NodeId Id { get; }

    /// <summary>The name its operator gave it. Names are not verified: anyone can claim any name.</summary>
    public string Name { get; }

    public IReadOnlyList<PeerEndpoint> Endpoints { get; }

    public ReadOnlySpan<byte> EncryptionKey => Wire.EncryptionKey.Span;

    public ulong Sequence => Wire.Sequence;

    /// <summary>When it stops being used here; in this node's steady time once set by <see cref="Until"/>.</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>A copy of the record with another expiry time.</summary>
    public PeerRecord Until(DateTimeOffset expires) => new(this, expires);

    public bool IsDialable => Endpoints.Any(endpoint => endpoint.IsTcp);

    public static PeerRecord Create(NodeIdentity identity, string name, IEnumerable<PeerEndpoint> endpoints, ulong sequence, DateTimeOffset expires)
    {
        var wire = new Wire.PeerRecord
        {
            Identity = ByteString.CopyFrom(identity.Address.ToBytes()),
            EncryptionKey = ByteString.CopyFrom(identity.EncryptionPublicKey),
            Sequence = sequence,
            Expires = expires.ToMicroseconds(),
            Name = Printable.Bounded(name, MaxName),
        };
        var reachable = endpoints.Take(MaxEndpoints).ToArray();
        wire.Endpoints.AddRange(reachable.Select(endpoint => endpoint.Text));
        var signature = new byte[64];
        identity.Sign(Canonical(wire), signature);
        wire.Signature = UnsafeByteOperations.UnsafeWrap(signature);
        return new PeerRecord(wire, reachable, expires);
    }

    /// <summary>
    /// Verifies the shape, size, times and signature of a record received from another node. Endpoints of unknown kinds are
    /// dropped.
    /// </summary>
    /// <param name="now">The time by the mesh's clocks, not only this node's.</param>
    public static bool TryVerify(Wire.PeerRecord? wire, DateTimeOffset now, [NotNullWhen(true)] out PeerRecord? record)
    {
        record = null;
        if (wire is null || !MicrosecondTime.TryFromMicroseconds(wire.Expires, out var expires) || expires <= now
            || wire.Sequence > (ulong)(now + MaxAhead).ToMicroseconds() || !IsInOrder(wire))
            return false;
        var longest = now + 2 * MaxAhead;
        record = Read(wire, expires < longest ? expires : longest);
        return true;
    }

    /// <summary>Verifies a record that its owner sent over its own connection: it is fresh, whatever the two clocks say.</summary>
    public static bool TryVerifyOwn(Wire.PeerRecord? wire, NodeAddress owner, DateTimeOffset now, [NotNullWhen(true)] out PeerRecord? record)
    {
        record = wire is not null && wire.Identity.Length == NodeAddress.Size && new NodeAddress(wire.Identity.Span) == owner && IsInOrder(wire) ? Read(wire, now + MaxAhead) : null;
        return record is not null;
    }

    /// <summary>Verifies a record that this node saved earlier: it may have expired, but its endpoints may still be right.</summary>
    public static bool TryRecall(Wire.PeerRecord? wire, [NotNullWhen(true)] out PeerRecord? record)
    {
        record = wire is not null && MicrosecondTime.TryFromMicroseconds(wire.Expires, out var expires) && IsInOrder(wire) ? Read(wire, expires) : null;
        return record is not null;
    }

    private static bool IsInOrder(Wire.PeerRecord wire) =>
        FindVerified(wire) is not null || wire.Identity.Length == NodeAddress.Size && wire.EncryptionKey.Length == X25519.Size && wire.Endpoints.Count <= MaxEndpoints
        && wire.Name.Length <= MaxName + 1 && wire.CalculateSize() <= MaxBytes
        && NodeIdentity.Verify(new NodeAddress(wire.Identity.Span), Canonical(wire), wire.Signature.Span);

    private static PeerRecord? FindVerified(Wire.PeerRecord wire) =>
        Verified is { } verified && verified.TryGetValue(wire.Signature, out var known) && wire.Equals(known.Wire) ? known : null;

    private static PeerRecord Read(Wire.PeerRecord wire, DateTimeOffset expires)
    {
        if (FindVerified(wire) is { } known)
            return known.Until(expires);
        var endpoints = new List<PeerEndpoint>(wire.Endpoints.Count);
        foreach (var text in wire.Endpoints)
        {
            if (PeerEndpoint.TryParse(text, out var endpoint))
                endpoints.Add(endpoint);
        }
        var record = new PeerRecord(wire, endpoints, expires);
        Verified?.TryAdd(wire.Signature, record);
        return record;
    }

    /// <summary>
    /// Fixed-size fields, then each variable one prefixed with its length, so that every record has exactly one encoding.
    /// </summary>
    internal static byte[] Canonical(Wire.PeerRecord wire)
    {
        var bytes = new MemoryStream(256);
        Span<byte> number = stackalloc byte[8];
        bytes.Write(Domain);
        bytes.Write(wire.Identity.Span);
        bytes.Write(wire.EncryptionKey.Span);
        BinaryPrimitives.WriteUInt64BigEndian(number, wire.Sequence);
        bytes.Write(number);
        BinaryPrimitives.WriteInt64BigEndian(number, wire.Expires);
        bytes.Write(number);
        WriteText(wire.Name);
        foreach (var endpoint in wire.Endpoints)
            WriteText(endpoint);
        return bytes.ToArray();

        void WriteText(string text)
        {
            var utf8 = Encoding.UTF8.GetBytes(text);
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, utf8.Length);
            bytes.Write(length);
            bytes.Write(utf8);
        }
    }
}
