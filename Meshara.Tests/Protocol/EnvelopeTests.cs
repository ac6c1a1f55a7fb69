using System.Diagnostics;
using System.Security.Cryptography;
using CsCheck;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Wire = Meshara.Node.Protocol.Wire;

namespace Meshara.Tests.Protocol;

public sealed class EnvelopeTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2025, 12, 23, 10, 34, 12, TimeSpan.Zero);

    private readonly NodeIdentity _sender = NodeIdentity.Generate();
    private readonly NodeIdentity _recipient = NodeIdentity.Generate();

    [Fact]
    public void An_envelope_survives_the_wire() => Gen.Select(Gen.Byte.Array[0, 2000], Gen.Enum<MessageType>(), Gen.Int[0, 1_000_000]).Sample((payload, type, life) =>
    {
        var made = Create(type, payload, TimeSpan.FromSeconds(life));
        Assert.True(Envelope.TryParse(Wire.Envelope.Parser.ParseFrom(made.Wire.ToByteArray()), out var read, out var reason), reason);
        return read.HasValidSignature()
            && (read.Id, read.Type, read.Sender, read.Recipient, read.Timestamp, read.Expires) == (made.Id, type, _sender.Address, made.Recipient, Now, Now.AddSeconds(life))
            && read.Wire.Payload.Span.SequenceEqual(payload);
    }, iter: 200);

    [Fact]
    public void Any_changed_bit_of_a_signed_field_breaks_the_signature()
    {
        var original = Create(MessageType.Private, RandomNumberGenerator.GetBytes(100)).Wire;
        Gen.Select(Gen.Int[0, 7], Gen.Int[0, 10_000]).Sample((field, position) =>
        {
            var changed = original.Clone();
            switch (field)
            {
                case 0: changed.Id = Flip(changed.Id, position); break;
                case 1: changed.Sender = Flip(changed.Sender, position); break;
                case 2: changed.Recipient = Flip(changed.Recipient, position); break;
                case 3: changed.Payload = Flip(changed.Payload, position); break;
                case 4: changed.Signature = Flip(changed.Signature, position); break;
                case 5: changed.Timestamp -= 1 + position; break;
                case 6: changed.Expires += 1 + position; break;
                default: changed.HopLimit = changed.HopLimit == 1 + (uint)position % 32 ? 2 : 1 + (uint)position % 32; break;
            }
            return !Envelope.TryParse(changed, out var envelope, out _) || !envelope.HasValidSignature();
        }, iter: 300);
    }

    [Fact]
    public void A_payload_that_is_cut_or_longer_breaks_the_signature()
    {
        var original = Create(MessageType.Private, [1, 2, 3]).Wire;
        foreach (var payload in new byte[][] { [], [1, 2], [1, 2, 3, 0] })
        {
            var changed = original.Clone();
            changed.Payload = ByteString.CopyFrom(payload);
            Assert.False(Parse(changed).HasValidSignature());
        }
    }

    [Fact]
    public void The_type_is_signed()
    {
        var changed = Create(MessageType.Private, [1]).Wire.Clone();
        changed.Type = Wire.MessageType.Ack;
        Assert.False(Parse(changed).HasValidSignature());
    }

    [Fact]
    public void Envelopes_that_share_a_signature_are_each_valid_without_the_others()
    {
        for (var size = 2; size <= Envelope.MaxBatch; size++)
        {
            var batch = Batch(size);
            Assert.Single(batch.Select(envelope => envelope.Wire.Signature).Distinct());
            foreach (var made in batch)
            {
                var read = Parse(Wire.Envelope.Parser.ParseFrom(made.Wire.ToByteArray()));
                Assert.True(read.HasValidSignature());
                Assert.True(Parse(read.NextHop(_recipient.Address, default)).HasValidSignature());
            }
        }
    }

    [Fact]
    public void Any_change_to_an_envelope_of_a_batch_breaks_its_signature_also_where_the_batch_was_verified()
    {
        var verified = new VerifiedBatches(TimeProvider.System);
        Gen.Select(Gen.Int[2, Envelope.MaxBatch], Gen.Int[0, 8], Gen.Int[0, 10_000]).Sample((size, field, position) =>
        {
            var batch = Batch(size);
            Assert.All(batch, envelope => Assert.True(envelope.HasValidSignature(verified)));
            var changed = batch[position % size].Wire.Clone();
            switch (field)
            {
                case 0: changed.Id = Flip(changed.Id, position); break;
                case 1: changed.Sender = Flip(changed.Sender, position); break;
                case 2: changed.Payload = Flip(changed.Payload, position); break;
                case 3: changed.Signature = Flip(changed.Signature, position); break;
                case 4: changed.BatchPath = Flip(changed.BatchPath, position); break;
                case 5: changed.BatchIndex = (changed.BatchIndex + 1 + (uint)position % (uint)(size - 1)) % (uint)size; break;
                case 6: (changed.BatchSize, changed.BatchIndex, changed.BatchPath) = (0, 0, ByteString.Empty); break;
                case 7: changed.Signature = Batch(size)[0].Wire.Signature; break;
                default: changed.Recipient = Flip(changed.Recipient, position); break;
            }
            return !Envelope.TryParse(changed, out var envelope, out _) || (!envelope.HasValidSignature(verified) && !envelope.HasValidSignature());
        }, iter: 500);
    }

    [Fact]
    public void A_signature_of_a_batch_speaks_for_its_signer_only()
    {
        var verified = new VerifiedBatches(TimeProvider.System);
        var batch = Batch(2);
        Assert.True(batch[0].HasValidSignature(verified));
        var stolen = batch[1].Wire.Clone();
        stolen.Sender = ByteString.CopyFrom(_recipient.Address.ToBytes());
        Assert.False(Parse(stolen).HasValidSignature(verified));
    }

    [Fact]
    public void An_envelope_without_a_signature_is_taken_from_the_own_store_only()
    {
        var unsigned = Unsigned([1, 2, 3]);
        Assert.False(unsigned.IsSigned);
        Assert.False(Envelope.TryParse(unsigned.Wire, out _, out _));
        Assert.True(Envelope.TryRestore(unsigned.Wire, out var restored));
        Assert.False(restored.HasValidSignature());
        Envelope.Sign(_sender, [restored]);
        Assert.True(restored.HasValidSignature());
        Assert.True(Envelope.TryRestore(restored.Wire, out _));
    }

    [Fact]
    public void No_more_than_the_limit_share_a_signature() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Batch(Envelope.MaxBatch + 1));

    [Fact]
    public void Hops_keep_the_signature_valid_and_count_themselves()
    {
        var trace = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        var envelope = Create(MessageType.Private, [1, 2, 3]);
        var relays = Enumerable.Range(0, (int)Envelope.DefaultHopLimit).Select(_ => new NodeAddress(RandomNumberGenerator.GetBytes(32))).ToList();
        foreach (var relay in relays)
        {
            Assert.False(envelope.HasVisited(relay));
            envelope = Parse(envelope.NextHop(relay, trace));
            Assert.True(envelope.HasValidSignature());
        }
        Assert.Equal(Envelope.DefaultHopLimit, envelope.HopCount);
        Assert.All(relays, relay => Assert.True(envelope.HasVisited(relay)));
        Assert.Equal(trace.SpanId, TraceContext.Read(envelope.Wire.TraceContext).SpanId);
    }

    [Fact]
    public void A_hop_leaves_the_envelope_it_came_from_alone()
    {
        var envelope = Create(MessageType.Private, [1]);
        envelope.NextHop(_recipient.Address, default);
        Assert.Equal(0u, envelope.HopCount);
        Assert.False(envelope.HasVisited(_recipient.Address));
    }

    public static TheoryData<string, string> Malformations => new()
    {
        { "version", "version 2" },
        { "short id", "wrong length" },
        { "long id", "wrong length" },
        { "no sender", "wrong length" },
        { "short signature", "wrong length" },
        { "no type", "type unknown" },
        { "unknown type", "type unknown" },
        { "private without recipient", "recipient does not fit" },
        { "broadcast with recipient", "recipient does not fit" },
        { "no hop limit", "hop limit" },
        { "hop limit too high", "hop limit" },
        { "more hops than the limit", "hop limit" },
        { "visited without hops", "hop limit" },
        { "hops without visited", "hop limit" },
        { "trace context too short", "trace context" },
        { "batch of one", "batch" },
        { "batch too large", "batch" },
        { "place outside the batch", "batch" },
        { "place without a batch", "batch" },
        { "proof without a batch", "batch" },
        { "proof too long", "batch" },
        { "expires before it was made", "times" },
        { "made before 1970", "times" },
        { "expires after 9999", "times" },
        { "far too large", "too large" },
    };

    [Theory]
    [MemberData(nameof(Malformations))]
    public void Malformed_fields_are_refused_with_a_reason(string what, string said)
    {
        var wire = Create(MessageType.Private, [1, 2, 3]).Wire.Clone();
        Malform(wire, what);
        Assert.False(Envelope.TryParse(wire, out _, out var reason));
        Assert.Contains(said, reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_one_node_accepts_the_next_one_accepts_after_a_hop()
    {
        // Otherwise, a hostile sender could make two honest nodes disconnect from each other.
        var gen = Gen.Select(Gen.UInt[0, 40], Gen.UInt[0, 40], Gen.Int[0, 300], Gen.Int[0, 3 * 1024 * 1024]);
        gen.Sample((limit, count, visited, payload) =>
        {
            var wire = Create(MessageType.Private, [1]).Wire.Clone();
            (wire.HopLimit, wire.HopCount) = (limit, count);
            (wire.Visited, wire.Payload) = (UnsafeByteOperations.UnsafeWrap(new byte[visited]), UnsafeByteOperations.UnsafeWrap(new byte[payload]));
            if (!Envelope.TryParse(wire, out var envelope, out _) || envelope.HopCount >= wire.HopLimit)
                return true;
            var next = envelope.NextHop(_recipient.Address, new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded));
            return Envelope.TryParse(next, out _, out _) && next.CalculateSize() < 2 * 1024 * 1024;
        }, iter: 300);
    }

    [Fact]
    public void A_full_list_of_visited_nodes_is_not_passed_on()
    {
        var wire = Create(MessageType.Private, [1]).Wire.Clone();
        (wire.HopLimit, wire.HopCount, wire.Visited) = (32, 0, ByteString.CopyFrom(new byte[32 * 8]));
        Assert.False(Envelope.TryParse(wire, out _, out _));
    }

    public void Dispose()
    {
        _sender.Dispose();
        _recipient.Dispose();
    }

    private static void Malform(Wire.Envelope wire, string what)
    {
        switch (what)
        {
            case "version": wire.Version = 2; break;
            case "short id": wire.Id = ByteString.CopyFrom(new byte[15]); break;
            case "long id": wire.Id = ByteString.CopyFrom(new byte[17]); break;
            case "no sender": wire.Sender = ByteString.Empty; break;
            case "short signature": wire.Signature = ByteString.CopyFrom(new byte[63]); break;
            case "no type": wire.Type = Wire.MessageType.Unspecified; break;
            case "unknown type": wire.Type = (Wire.MessageType)99; break;
            case "private without recipient": wire.Recipient = ByteString.Empty; break;
            case "broadcast with recipient": wire.Type = Wire.MessageType.Broadcast; break;
            case "no hop limit": wire.HopLimit = 0; break;
            case "hop limit too high": wire.HopLimit = 33; break;
            case "more hops than the limit": (wire.HopCount, wire.Visited) = (17, ByteString.CopyFrom(new byte[17 * 8])); break;
            case "visited without hops": wire.Visited = ByteString.CopyFrom(new byte[8]); break;
            case "hops without visited": wire.HopCount = 1; break;
            case "trace context too short": wire.TraceContext = ByteString.CopyFrom(new byte[24]); break;
            case "batch of one": wire.BatchSize = 1; break;
            case "batch too large": wire.BatchSize = Envelope.MaxBatch + 1; break;
            case "place outside the batch": (wire.BatchSize, wire.BatchIndex) = (4, 4); break;
            case "place without a batch": wire.BatchIndex = 1; break;
            case "proof without a batch": wire.BatchPath = ByteString.CopyFrom(new byte[32]); break;
            case "proof too long": (wire.BatchSize, wire.BatchPath) = (16, ByteString.CopyFrom(new byte[5 * 32])); break;
            case "expires before it was made": wire.Expires = wire.Timestamp - 1; break;
            case "made before 1970": wire.Timestamp = -1; break;
            case "expires after 9999": wire.Expires = long.MaxValue; break;
            case "far too large": wire.Payload = UnsafeByteOperations.UnsafeWrap(new byte[1900 * 1024]); break;
            default: throw new ArgumentOutOfRangeException(nameof(what), what, null);
        }
    }

    private Envelope Unsigned(byte[] payload) => Envelope.CreateUnsigned(
        _sender, MessageType.Private, MessageId.Create(Now), _recipient.Address, Now, Now.AddHours(1), _ => ByteString.CopyFrom(payload), parent: null);

    private Envelope[] Batch(int size)
    {
        Envelope[] batch = [.. Enumerable.Range(0, size).Select(_ => Unsigned(RandomNumberGenerator.GetBytes(50)))];
        Envelope.Sign(_sender, batch);
        return batch;
    }

    private static ByteString Flip(ByteString bytes, int position)
    {
        var copy = bytes.ToByteArray();
        copy[position % copy.Length] ^= (byte)(1 << position % 8);
        return ByteString.CopyFrom(copy);
    }

    private static Envelope Parse(Wire.Envelope wire)
    {
        Assert.True(Envelope.TryParse(wire, out var envelope, out var reason), reason);
        return envelope;
    }

    private Envelope Create(MessageType type, byte[] payload, TimeSpan? life = null) => Envelope.Create(
        _sender, type, MessageId.Create(Now), type == MessageType.Broadcast ? default : _recipient.Address, Now, Now + (life ?? TimeSpan.FromHours(1)),
        _ => ByteString.CopyFrom(payload), parent: null);
}
