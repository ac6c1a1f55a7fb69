using System.Buffers.Binary;
using CsCheck;
using Google.Protobuf;
using Meshara.Node;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Transport;
using Wire = Meshara.Node.Protocol.Wire;

namespace Meshara.Tests.Protocol;

public sealed class HostileBytesTests
{
    private const int Limit = 64 * 1024;

    private static readonly byte[][] Whole = [.. Samples().Select(frame => frame.ToByteArray())];

    private static readonly Gen<byte[]> Mutated = Gen.Select(
        Gen.Int[0, Whole.Length - 1],
        Gen.Select(Gen.Int[0, 100_000], Gen.Byte).Array[0, 8],
        Gen.Int[-20, 20]).Select((sample, changes, length) =>
    {
        var copy = Whole[sample].ToArray();
        foreach (var (position, value) in changes)
            copy[position % copy.Length] = value;
        return length < 0 ? copy[..Math.Max(1, copy.Length + length)] : [.. copy, .. new byte[length]];
    });

    [Fact]
    public void Random_bytes_are_a_frame_or_an_error() =>
        Gen.Byte.Array[0, 4000].Sample(bytes => ReadsOrRefuses(bytes), iter: 2000);

    [Fact]
    public void Random_bodies_are_a_frame_or_a_protocol_error() =>
        Gen.Byte.Array[0, 500].Sample(body => ReadsOrRefuses(Prefixed(body)), iter: 3000);

    [Fact]
    public void Mutated_frames_are_a_frame_or_a_protocol_error() =>
        Mutated.Sample(body => ReadsOrRefuses(Prefixed(body)), iter: 5000);

    [Fact]
    public void Frames_survive_however_they_are_cut_into_pieces() => Gen.Int[1, 200].Sample(size =>
    {
        var frames = Samples().ToList();
        var reader = new FrameReader(new Pieces([.. frames.SelectMany(frame => Prefixed(frame.ToByteArray()))], size), Limit);
        foreach (var frame in frames)
            Assert.Equal(frame, Read(reader));
        return Read(reader) is null;
    }, iter: 30);

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(Limit + 1)]
    [InlineData(int.MaxValue)]
    public void A_frame_over_the_limit_is_refused_by_its_length_alone(int length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(bytes, length);
        var refused = Assert.Throws<MesharaException>(() => Read(new FrameReader(new MemoryStream(bytes), Limit)));
        Assert.Equal(ErrorCodes.Protocol, refused.Code);
    }

    [Fact]
    public void A_stream_that_ends_inside_a_frame_is_broken()
    {
        var whole = Prefixed(Samples().First().ToByteArray());
        for (var length = 1; length < whole.Length; length++)
            Assert.Throws<EndOfStreamException>(() => Read(new FrameReader(new MemoryStream(whole[..length]), Limit)));
        Assert.Null(Read(new FrameReader(new MemoryStream(), Limit)));
    }

    private static bool ReadsOrRefuses(byte[] bytes)
    {
        var reader = new FrameReader(new Pieces(bytes, 97), Limit);
        try
        {
            while (Read(reader) is { } frame)
                Look(frame);
            return true;
        }
        catch (MesharaException e)
        {
            return e.Code == ErrorCodes.Protocol;
        }
        catch (EndOfStreamException)
        {
            return true;
        }
    }

    /// <summary>Does what a node does with a frame's content before trusting it.</summary>
    private static void Look(Wire.Frame frame)
    {
        if (frame.BodyCase == Wire.Frame.BodyOneofCase.Envelope && Envelope.TryParse(frame.Envelope, out var envelope, out _))
        {
            envelope.HasValidSignature(new VerifiedBatches(TimeProvider.System));
            envelope.HasVisited(envelope.Sender);
            TraceContext.Read(envelope.Wire.TraceContext);
        }
        foreach (var record in Records(frame))
            PeerRecord.TryVerify(record, DateTimeOffset.UnixEpoch, out _);
    }

    private static IEnumerable<Wire.PeerRecord> Records(Wire.Frame frame)
    {
        if (frame.BodyCase == Wire.Frame.BodyOneofCase.Hello)
            yield return frame.Hello.Record;
        if (frame.BodyCase == Wire.Frame.BodyOneofCase.StoreRecord)
            yield return frame.StoreRecord.Record;
        if (frame.BodyCase == Wire.Frame.BodyOneofCase.FoundNodes)
        {
            foreach (var record in frame.FoundNodes.Records)
                yield return record;
        }
    }

    /// <summary>Synchronous, because the streams here never wait.</summary>
    private static Wire.Frame? Read(FrameReader reader) => reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().GetAwaiter().GetResult();

    private static byte[] Prefixed(byte[] body)
    {
        var bytes = new byte[4 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, body.Length);
        body.CopyTo(bytes, 4);
        return bytes;
    }

    private static IEnumerable<Wire.Frame> Samples()
    {
        using var identity = NodeIdentity.Generate();
        using var other = NodeIdentity.Generate();
        var now = DateTimeOffset.UnixEpoch.AddDays(1);
        var record = PeerRecord.Create(identity, "node", [PeerEndpoint.Tcp("127.0.0.1", 1), PeerEndpoint.ThroughRelay(other.Address)], 1, now.AddDays(1)).Wire;
        var envelope = Create();
        Envelope[] batch = [Create(), Create(), Create()];
        Envelope.Sign(identity, batch);
        var found = new Wire.FoundNodes();
        found.Records.AddRange([record, record]);
        var announce = new Wire.Announce();
        announce.Keys.Add(ByteString.CopyFrom(new byte[32]));
        yield return new Wire.Frame { Envelope = envelope.Wire };
        yield return new Wire.Frame { Envelope = envelope.NextHop(other.Address, default) };
        yield return new Wire.Frame { Envelope = batch[2].Wire };
        yield return new Wire.Frame { Hello = new Wire.Hello { Record = record, Agent = "meshara/0", DialNumber = 7 } };
        yield return new Wire.Frame { Correlation = 9, FoundNodes = found };
        yield return new Wire.Frame { StoreRecord = new Wire.StoreRecord { Record = record } };
        yield return new Wire.Frame { Announce = announce };
        yield return new Wire.Frame { Ping = new Wire.Ping() };

        Envelope Create() => Envelope.Create(
            identity, MessageType.Private, MessageId.Create(now), other.Address, now, now.AddHours(1), _ => ByteString.CopyFrom(new byte[200]), parent: null);
    }

    /// <summary>A stream that returns a few bytes at a time, as networks do.</summary>
    private sealed class Pieces(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
    }
}
