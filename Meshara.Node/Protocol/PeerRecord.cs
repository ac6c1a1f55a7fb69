using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Google.Protobuf;
using Meshara.Node.Identity;

namespace Meshara.Node.Protocol;

/// <summary>Who a node is and how to reach it, signed by its identity key. An instance always carries a valid signature.</summary>
internal sealed class PeerRecord
{
    private const int MaxEndpoints = 8;
    private const int MaxName = 64;

    // Records are kept for others and handed on by the dozen: eight endpoints of 300 characters and the rest.
    private const int MaxBytes = 3 * 1024;

    /// <summary>
    /// How far into the future a sequence may lie for others to take it, and how long they use a record at the most: a clock that was wrong
    /// for a moment must not decide for longer which record counts.
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

    public Wire.PeerRecord Wire { get; }

    public NodeAddress Address { get; }

    public NodeId Id { get; }

    /// <summary>What its operator calls it. Anybody may claim any name.</summary>
    public string Name { get; }

    public IReadOnlyList<PeerEndpoint> Endpoints { get; }

    public ReadOnlySpan<byte> EncryptionKey => Wire.EncryptionKey.Span;

    public ulong Sequence => Wire.Sequence;

    /// <summary>Until when it is used here, in the node's steady time once <see cref="Until"/> has said it so.</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>The same record, used until another time.</summary>
    public PeerRecord Until(DateTimeOffset expires) => new(Wire, Endpoints, expires);

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
    /// Checks shape, size, times and signature of a record that somebody told. Endpoints of a kind this version does not know are left out.
    /// </summary>
    /// <param name="now">What the clocks of the mesh say, not this node's alone.</param>
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

    /// <summary>The same for one that its owner shows over its own connection: it is new, whatever the clocks of the two say.</summary>
    public static bool TryVerifyOwn(Wire.PeerRecord? wire, NodeAddress owner, DateTimeOffset now, [NotNullWhen(true)] out PeerRecord? record)
    {
        record = wire is not null && wire.Identity.Length == NodeAddress.Size && new NodeAddress(wire.Identity.Span) == owner && IsInOrder(wire) ? Read(wire, now + MaxAhead) : null;
        return record is not null;
    }

    /// <summary>The same for one that this node saved once: it may have expired, but where its owner was somebody may still be.</summary>
    public static bool TryRecall(Wire.PeerRecord? wire, [NotNullWhen(true)] out PeerRecord? record)
    {
        record = wire is not null && MicrosecondTime.TryFromMicroseconds(wire.Expires, out var expires) && IsInOrder(wire) ? Read(wire, expires) : null;
        return record is not null;
    }

    private static bool IsInOrder(Wire.PeerRecord wire) =>
        wire.Identity.Length == NodeAddress.Size && wire.EncryptionKey.Length == X25519.Size && wire.Endpoints.Count <= MaxEndpoints
        && wire.Name.Length <= MaxName + 1 && wire.CalculateSize() <= MaxBytes
        && NodeIdentity.Verify(new NodeAddress(wire.Identity.Span), Canonical(wire), wire.Signature.Span);

    private static PeerRecord Read(Wire.PeerRecord wire, DateTimeOffset expires)
    {
        var endpoints = new List<PeerEndpoint>(wire.Endpoints.Count);
        foreach (var text in wire.Endpoints)
        {
            if (PeerEndpoint.TryParse(text, out var endpoint))
                endpoints.Add(endpoint);
        }
        return new PeerRecord(wire, endpoints, expires);
    }

    /// <summary>Fixed fields, then each variable one with its length in front: one meaning, one encoding.</summary>
    private static byte[] Canonical(Wire.PeerRecord wire)
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
