using System.Diagnostics;
using System.Security.Cryptography;
using Google.Protobuf;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;

namespace Meshara.Tests.Storage;

/// <summary>Messages as a node would store them: real envelopes, not yet signed.</summary>
internal static class Samples
{
    public static readonly NodeIdentity Identity = NodeIdentity.Generate();
    public static readonly NodeAddress Friend = Address();

    public static NodeAddress Address() => new(RandomNumberGenerator.GetBytes(NodeAddress.Size));

    public static OutgoingRecord Outgoing(DateTimeOffset now, bool isSealed = true, int size = 100, NodeAddress? recipient = null)
    {
        now = Rounded(now);
        var content = RandomNumberGenerator.GetBytes(size);
        var trace = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        var record = new OutgoingRecord(
            MessageId.Create(now), recipient ?? Friend, null, content, size, now, now + TimeSpan.FromHours(1), trace);
        return isSealed ? Sealed(record) : record;
    }

    public static OutgoingRecord Sealed(OutgoingRecord record) => record with
    {
        Sealed = Envelope.CreateUnsigned(Identity, MessageType.Private, record.Id, record.Recipient, record.AcceptedAt, record.Expires,
            _ => ByteString.CopyFrom(record.Content.Span), parent: null),
        Content = default,
    };

    public static MessageStatus Final(OutgoingRecord message, DateTimeOffset now, MessageState state = MessageState.Acknowledged, string? reason = null) =>
        new(message.Id, message.Recipient, state, 2, message.AcceptedAt, message.Expires, Rounded(now), reason);

    public static IncomingMessage Incoming(DateTimeOffset now, MessageId? id = null, NodeAddress? sender = null, int size = 20, bool isBroadcast = false, TimeSpan? life = null)
    {
        now = Rounded(now);
        return new IncomingMessage(
            id ?? MessageId.Create(now), sender ?? Friend, isBroadcast, now, now, RandomNumberGenerator.GetBytes(size), now + (life ?? TimeSpan.FromHours(1)));
    }

    public static HeldMessage Held(DateTimeOffset now, NodeAddress? recipient = null, NodeAddress? sender = null, int size = 50, TimeSpan? life = null) =>
        new(recipient ?? Friend, sender ?? Identity.Address, MessageId.Create(now), RandomNumberGenerator.GetBytes(size), Rounded(now) + (life ?? TimeSpan.FromHours(1)));

    public static PeerRecord Peer(DateTimeOffset now, string name)
    {
        using var identity = NodeIdentity.Generate();
        Assert.True(PeerEndpoint.TryParse("tcp://127.0.0.1:8443", out var endpoint));
        return PeerRecord.Create(identity, name, [endpoint], 1, now + TimeSpan.FromMinutes(1));
    }

    /// <summary>All fields of a record that must be preserved, in a form that compares by value.</summary>
    public static string Text(OutgoingRecord record) => string.Join(' ',
        record.Id, record.Recipient, record.Sealed is { } envelope ? Convert.ToHexString(envelope.Wire.ToByteArray()) : "unsealed",
        Convert.ToHexString(record.Content.Span), record.ContentLength, record.AcceptedAt.ToString("O"), record.Expires.ToString("O"),
        record.Trace.TraceId, record.Trace.SpanId, record.Trace.TraceFlags);

    private static DateTimeOffset Rounded(DateTimeOffset time) => new(time.UtcTicks / TimeSpan.TicksPerMillisecond * TimeSpan.TicksPerMillisecond, TimeSpan.Zero);
}
