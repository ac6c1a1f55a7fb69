using System.Buffers.Binary;
using System.Diagnostics;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Telemetry;

namespace Meshara.Node.Protocol;

/// <summary>
/// A message in transit: the part its sender signed, and the part that changes from hop to hop. Parsing checks the shape of the
/// fields; only <see cref="HasValidSignature"/> checks the signature. <c>Envelope.Signature.cs</c> signs and verifies.
/// </summary>
internal sealed partial class Envelope
{
    public const uint Version = 1;

    /// <summary>Hops after which a message is dropped; a mesh of 2^16 nodes needs about 16 in the worst case.</summary>
    public const uint DefaultHopLimit = 16;

    private const uint MaxHopLimit = 32;

    // The largest content (Delivery:MaxMessageBytes is at most 1 MiB) plus overhead. Each relay adds a few bytes, so the limit
    // stays well below the frame size: a message accepted by one node must be acceptable to the next.
    private const int MaxBytes = 1024 * 1024 + 8 * 1024;

    private const int HeaderSize = 4 + MessageId.Size + 4 + 8 + 8 + NodeAddress.Size * 2 + 4;

    /// <summary>Length of the header that a sealed payload is bound to, including the domain.</summary>
    public static int SealedHeaderSize => Domain.Length + HeaderSize;

    // Domain separation: a signature over an envelope must not pass for one over a peer record or a certificate.
    private static ReadOnlySpan<byte> Domain => "meshara/1 envelope\0"u8;

    // Stored as ticks of this node's steady time to save memory: eight bytes each, and every message has both.
    private long _born;
    private long _ends = DateTimeOffset.MaxValue.Ticks;

    private Envelope(Wire.Envelope wire, MessageId id, MessageType type, NodeAddress sender, NodeAddress recipient)
    {
        Wire = wire;
        Id = id;
        Type = type;
        Sender = sender;
        Recipient = recipient;
    }

    /// <summary>The protobuf message as sent on the wire.</summary>
    public Wire.Envelope Wire { get; }

    public MessageId Id { get; }

    public MessageType Type { get; }

    public NodeAddress Sender { get; }

    /// <summary>Empty for a broadcast.</summary>
    public NodeAddress Recipient { get; }

    /// <summary>The sender's clock when it made the message.</summary>
    public DateTimeOffset Timestamp => FromMicroseconds(Wire.Timestamp);

    /// <summary>The end of its time to live by the sender's clock, for display only; <see cref="Ends"/> is what counts.</summary>
    public DateTimeOffset Expires => FromMicroseconds(Wire.Expires);

    /// <summary>The time to live signed by the sender.</summary>
    public TimeSpan Life => LifeOf(Wire);

    /// <summary>The start of its life in this node's steady time; set by <see cref="Arrive"/>, as is <see cref="Ends"/>.</summary>
    public DateTimeOffset Born => new(_born, TimeSpan.Zero);

    /// <summary>The end of its life in this node's steady time; set by <see cref="Arrive"/>.</summary>
    public DateTimeOffset Ends => new(_ends, TimeSpan.Zero);

    public uint HopCount => Wire.HopCount;

    /// <summary>Creates a signed envelope.</summary>
    /// <param name="seal">Makes the payload from the header, to which a sealed payload is bound.</param>
    /// <param name="parent">Parent of the spans <c>encrypt</c> and <c>sign</c>; null for none.</param>
    public static Envelope Create(
        NodeIdentity sender, MessageType type, MessageId id, NodeAddress recipient, DateTimeOffset timestamp, DateTimeOffset expires,
        PayloadFactory seal, Activity? parent)
    {
        var envelope = CreateUnsigned(sender, type, id, recipient, timestamp, expires, seal, parent);
        using (parent.StartChild(SpanNames.Sign))
            Sign(sender, [envelope]);
        return envelope;
    }

    /// <summary>
    /// Creates an envelope without a signature; it is <see cref="Sign"/>ed before it leaves, perhaps together with others.
    /// </summary>
    public static Envelope CreateUnsigned(
        NodeIdentity sender, MessageType type, MessageId id, NodeAddress recipient, DateTimeOffset timestamp, DateTimeOffset expires,
        PayloadFactory seal, Activity? parent)
    {
        var wire = new Wire.Envelope
        {
            Version = Version,
            Id = UnsafeByteOperations.UnsafeWrap(id.ToBytes()),
            Type = (Wire.MessageType)type,
            Timestamp = timestamp.ToMicroseconds(),
            Expires = expires.ToMicroseconds(),
            Sender = UnsafeByteOperations.UnsafeWrap(sender.Address.ToBytes()),
            Recipient = recipient.IsEmpty ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(recipient.ToBytes()),
            // Paths in the broadcast tree are not shortest paths, so broadcasts need more hops.
            HopLimit = type == MessageType.Broadcast ? MaxHopLimit : DefaultHopLimit,
        };
        Span<byte> header = stackalloc byte[SealedHeaderSize];
        WriteHeader(wire, header);
        using (type == MessageType.Private ? parent.StartChild(SpanNames.Encrypt) : null)
            wire.Payload = seal(header);
        return new Envelope(wire, id, type, sender.Address, recipient);
    }

    /// <summary>Checks the shape of every field; if one is wrong, <paramref name="reason"/> says which.</summary>
    public static bool TryParse(Wire.Envelope wire, out Envelope envelope, out string reason) => TryParse(wire, SignatureSize, out envelope, out reason);

    /// <summary>Parses an envelope that this node stored for itself, perhaps before it was signed.</summary>
    public static bool TryRestore(Wire.Envelope wire, out Envelope envelope) =>
        TryParse(wire, wire.Signature.IsEmpty ? 0 : SignatureSize, out envelope, out _);

    private static bool TryParse(Wire.Envelope wire, int signatureSize, out Envelope envelope, out string reason)
    {
        envelope = null!;
        reason = "";
        if (wire.Version != Version)
            reason = $"envelope version {wire.Version}";
        else if (wire.Id.Length != MessageId.Size || wire.Sender.Length != NodeAddress.Size || wire.Signature.Length != signatureSize)
            reason = "envelope field of a wrong length";
        else if (wire.Type is not (Protocol.Wire.MessageType.Private or Protocol.Wire.MessageType.Broadcast or Protocol.Wire.MessageType.Ack))
            reason = "envelope type unknown";
        else if (wire.Recipient.Length != (wire.Type == Protocol.Wire.MessageType.Broadcast ? 0 : NodeAddress.Size))
            reason = "envelope recipient does not fit its type";
        else if (wire.HopLimit is 0 or > MaxHopLimit || wire.HopCount > wire.HopLimit || wire.Visited.Length != wire.HopCount * VisitedSize)
            reason = "envelope hop limit"; // every hop adds one to the count and one mark to the list
        else if (wire.TraceContext.Length is not (0 or TraceContext.Size))
            reason = "envelope trace context";
        else if (!HasBatchShape(wire))
            reason = "envelope batch";
        else if (!MicrosecondTime.TryFromMicroseconds(wire.Timestamp, out var timestamp) || !MicrosecondTime.TryFromMicroseconds(wire.Expires, out var expires) || expires < timestamp)
            reason = "envelope times";
        else if (wire.CalculateSize() > MaxBytes)
            reason = "envelope too large";
        else
        {
            var recipient = wire.Recipient.IsEmpty ? default : new NodeAddress(wire.Recipient.Span);
            envelope = new Envelope(wire, new MessageId(wire.Id.Span), (MessageType)wire.Type, new NodeAddress(wire.Sender.Span), recipient);
            return true;
        }
        return false;
    }

    /// <summary>Starts counting its life in this node's steady time; false if none is left.</summary>
    /// <param name="now">The current steady time of this node.</param>
    /// <param name="longest">The longest life granted here, whatever the sender asks for.</param>
    public bool Arrive(DateTimeOffset now, TimeSpan longest)
    {
        var life = Life < longest ? Life : longest;
        var age = Wire.Age < (ulong)(life.Ticks / TimeSpan.TicksPerMicrosecond) ? TimeSpan.FromTicks((long)Wire.Age * TimeSpan.TicksPerMicrosecond) : life;
        (_born, _ends) = ((now - age).UtcTicks, (now - age + life).UtcTicks);
        return age < life;
    }

    /// <summary>As <see cref="Arrive"/>, for a message of this node.</summary>
    public void LiveUntil(DateTimeOffset ends) => (_born, _ends) = ((ends - Life).UtcTicks, ends.UtcTicks);

    /// <summary>The time to live that the sender of an envelope signed.</summary>
    public static TimeSpan LifeOf(Wire.Envelope wire) => TimeSpan.FromTicks((wire.Expires - wire.Timestamp) * TimeSpan.TicksPerMicrosecond);

    /// <summary>Writes the current age to the wire fields before the message leaves this node.</summary>
    public void SetAge(DateTimeOffset now) => SetAge(Wire, Born, now);

    /// <summary>
    /// Writes the age of a message to its wire fields; <paramref name="born"/> and <paramref name="now"/> are in this node's
    /// steady time.
    /// </summary>
    public static void SetAge(Wire.Envelope wire, DateTimeOffset born, DateTimeOffset now) =>
        wire.Age = (ulong)Math.Max(0, (now - born).Ticks / TimeSpan.TicksPerMicrosecond);

    /// <summary>Writes the header that the payload is bound to, <see cref="SealedHeaderSize"/> bytes.</summary>
    public void WriteHeader(Span<byte> destination) => WriteHeader(Wire, destination);

    /// <summary>A copy of the message for the next hop, marked as visited by <paramref name="relay"/>.</summary>
    /// <param name="relay">This node.</param>
    /// <param name="trace">The trace context of this node's span.</param>
    /// <param name="now">The current steady time if the message has <see cref="Arrive"/>d; null to leave the age unchanged.</param>
    public Wire.Envelope NextHop(NodeAddress relay, ActivityContext trace, DateTimeOffset? now = null)
    {
        var next = Wire.Clone();
        if (now is { } leaves)
            SetAge(next, Born, leaves);
        next.HopCount++;
        var visited = new byte[Wire.Visited.Length + VisitedSize];
        Wire.Visited.CopyTo(visited, 0);
        VisitedMark(relay, visited.AsSpan(Wire.Visited.Length));
        next.Visited = UnsafeByteOperations.UnsafeWrap(visited);
        next.TraceContext = TraceContext.Write(trace);
        return next;
    }

    /// <summary>True if the message claims to have passed through this node. A false claim costs at most one more hop.</summary>
    public bool HasVisited(NodeAddress node)
    {
        Span<byte> mark = stackalloc byte[VisitedSize];
        VisitedMark(node, mark);
        var visited = Wire.Visited.Span;
        for (; visited.Length >= VisitedSize; visited = visited[VisitedSize..])
        {
            if (visited[..VisitedSize].SequenceEqual(mark))
                return true;
        }
        return false;
    }

    private const int VisitedSize = 8;

    private static void VisitedMark(NodeAddress node, Span<byte> mark)
    {
        Span<byte> key = stackalloc byte[NodeAddress.Size];
        node.CopyTo(key);
        key[..VisitedSize].CopyTo(mark);
    }

    private static void WriteHeader(Wire.Envelope wire, Span<byte> destination)
    {
        Domain.CopyTo(destination);
        var at = destination[Domain.Length..];
        BinaryPrimitives.WriteUInt32BigEndian(at, wire.Version);
        wire.Id.Span.CopyTo(at[4..]);
        BinaryPrimitives.WriteUInt32BigEndian(at[20..], (uint)wire.Type);
        BinaryPrimitives.WriteInt64BigEndian(at[24..], wire.Timestamp);
        BinaryPrimitives.WriteInt64BigEndian(at[32..], wire.Expires);
        wire.Sender.Span.CopyTo(at[40..]);
        at.Slice(72, NodeAddress.Size).Clear();
        wire.Recipient.Span.CopyTo(at[72..]);
        BinaryPrimitives.WriteUInt32BigEndian(at[104..], wire.HopLimit);
    }

    private static DateTimeOffset FromMicroseconds(long microseconds) =>
        MicrosecondTime.TryFromMicroseconds(microseconds, out var time) ? time : throw new ArgumentOutOfRangeException(nameof(microseconds));
}
