using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Wire = Meshara.Node.Protocol.Wire;

namespace Meshara.Tests.Protocol;

public sealed class PeerRecordTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2025, 12, 23, 10, 34, 12, TimeSpan.Zero);

    private readonly NodeIdentity _identity = NodeIdentity.Generate();

    [Fact]
    public void A_record_survives_the_wire()
    {
        var relay = new NodeAddress(Enumerable.Repeat((byte)7, 32).ToArray());
        var made = PeerRecord.Create(
            _identity, "node-1", [PeerEndpoint.Tcp("node-1.example.org", 8443), PeerEndpoint.Tcp("::1", 1), PeerEndpoint.ThroughRelay(relay)], 42, Now.AddHours(1));
        Assert.True(PeerRecord.TryVerify(Wire.PeerRecord.Parser.ParseFrom(made.Wire.ToByteArray()), Now, out var read));
        Assert.Equal((_identity.Address, "node-1", 42UL, Now.AddHours(1)), (read.Address, read.Name, read.Sequence, read.Expires));
        Assert.Equal(["tcp://node-1.example.org:8443", "tcp://[::1]:1", $"relay://{relay}"], read.Endpoints.Select(endpoint => endpoint.Text));
        Assert.Equal(["node-1.example.org", "::1", null], read.Endpoints.Select(endpoint => endpoint.Host));
        Assert.True(read.EncryptionKey.SequenceEqual(_identity.EncryptionPublicKey));
        Assert.True(read.IsDialable);
    }

    [Fact]
    public void Any_change_of_a_field_breaks_the_signature()
    {
        var wire = Create("tcp://127.0.0.1:1", "tcp://127.0.0.1:2").Wire;
        Assert.True(PeerRecord.TryVerify(wire, Now, out _));
        Action<Wire.PeerRecord>[] changes =
        [
            record => record.Sequence++, record => record.Expires++, record => record.Name += "x", record => record.Name = "",
            record => record.Endpoints.RemoveAt(0), record => record.Endpoints.Add("tcp://127.0.0.1:3"), record => record.Endpoints[0] = "tcp://127.0.0.1:9",
            record => (record.Endpoints[0], record.Endpoints[1]) = (record.Endpoints[1], record.Endpoints[0]),
            record => record.Identity = Flip(record.Identity), record => record.EncryptionKey = Flip(record.EncryptionKey), record => record.Signature = Flip(record.Signature),
            record => record.Identity = ByteString.Empty, record => record.EncryptionKey = ByteString.CopyFrom(new byte[31]), record => record.Signature = ByteString.Empty,
        ];
        Assert.All(changes, change =>
        {
            var changed = wire.Clone();
            change(changed);
            Assert.False(PeerRecord.TryVerify(changed, Now, out _));
        });
    }

    [Fact]
    public void Text_cannot_be_moved_from_one_field_to_the_next()
    {
        var wire = Signed(record =>
        {
            record.Name = "ab";
            record.Endpoints.AddRange(["tcp://a:1", "tcp://b:2"]);
        });
        Assert.True(PeerRecord.TryVerify(wire, Now, out _));
        (wire.Name, wire.Endpoints[0]) = ("a", "btcp://a:1");
        Assert.False(PeerRecord.TryVerify(wire, Now, out _));
        (wire.Name, wire.Endpoints[0], wire.Endpoints[1]) = ("ab", "tcp://a:1tcp://b:2", "");
        Assert.False(PeerRecord.TryVerify(wire, Now, out _));
    }

    [Fact]
    public void Nobody_speaks_for_another_node()
    {
        using var other = NodeIdentity.Generate();
        var wire = Create().Wire.Clone();
        wire.Identity = ByteString.CopyFrom(other.Address.ToBytes());
        Assert.False(PeerRecord.TryVerify(wire, Now, out _));
    }

    [Fact]
    public void An_expired_record_is_refused()
    {
        var wire = Create().Wire;
        Assert.True(PeerRecord.TryVerify(wire, Now.AddHours(1).AddTicks(-10), out _));
        Assert.False(PeerRecord.TryVerify(wire, Now.AddHours(1), out _));
        Assert.False(PeerRecord.TryVerify(wire, Now.AddDays(400), out _));
    }

    [Fact]
    public void No_record_is_no_record()
    {
        Assert.False(PeerRecord.TryVerify(null, Now, out _));
        Assert.False(PeerRecord.TryVerify(new Wire.PeerRecord(), Now, out _));
    }

    [Fact]
    public void More_endpoints_than_eight_are_not_made_and_not_taken()
    {
        var made = PeerRecord.Create(_identity, "n", Enumerable.Range(1, 20).Select(port => PeerEndpoint.Tcp("127.0.0.1", port)), 1, Now.AddHours(1));
        Assert.Equal(8, made.Endpoints.Count);
        var wire = Signed(record => record.Endpoints.AddRange(Enumerable.Range(1, 9).Select(port => $"tcp://127.0.0.1:{port}")));
        Assert.False(PeerRecord.TryVerify(wire, Now, out _));
    }

    [Fact]
    public void A_record_that_is_too_large_to_be_kept_for_others_is_refused()
    {
        // Signed by its owner, so it is invalid only because of its size; one lookup answer carries twenty records.
        Assert.False(PeerRecord.TryVerify(Signed(record => record.Endpoints.Add("tcp://" + new string('a', 100_000) + ":1")), Now, out _));
        Assert.True(PeerRecord.TryVerify(Signed(record => record.Endpoints.Add("tcp://127.0.0.1:1")), Now, out _));
    }

    [Fact]
    public void Unsigned_fields_cannot_make_a_record_large()
    {
        var padded = Wire.PeerRecord.Parser.ParseFrom([.. Create().Wire.ToByteArray(), .. UnknownField(100_000)]);
        Assert.False(PeerRecord.TryVerify(padded, Now, out _));
    }

    [Fact]
    public void The_largest_record_a_node_makes_is_taken()
    {
        var host = string.Join('.', Enumerable.Repeat(new string('h', 49), 5)); // 249 characters, near the limit of DNS
        var made = PeerRecord.Create(_identity, new string('界', 64), Enumerable.Range(1, 8).Select(port => PeerEndpoint.Tcp(host, 65535)), (ulong)Now.ToMicroseconds(), Now.AddYears(100));
        Assert.True(PeerRecord.TryVerify(made.Wire, Now, out var read));
        Assert.Equal(8, read.Endpoints.Count);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("tcp://127.0.0.1")]
    [InlineData("tcp://127.0.0.1:0")]
    [InlineData("tcp://127.0.0.1:65536")]
    [InlineData("tcp://:1")]
    [InlineData("relay://nobody")]
    [InlineData("quic://127.0.0.1:1")]
    [InlineData("")]
    [InlineData("tcp://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1")]
    public void Endpoints_of_other_kinds_are_left_out(string endpoint)
    {
        Assert.True(PeerRecord.TryVerify(Signed(record => record.Endpoints.Add(endpoint)), Now, out var record));
        Assert.Empty(record.Endpoints);
        Assert.False(record.IsDialable);
    }

    [Fact]
    public void A_name_is_bounded_and_printable()
    {
        Assert.True(PeerRecord.TryVerify(Signed(record => record.Name = "a\u001b[31m\nb"), Now, out var record));
        Assert.DoesNotContain(record.Name, char.IsControl);
        Assert.False(PeerRecord.TryVerify(Signed(record => record.Name = new string('n', 1000)), Now, out _));
    }

    public void Dispose() => _identity.Dispose();

    private static byte[] UnknownField(int length)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
        {
            output.WriteTag(100, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(new byte[length]));
        }
        return stream.ToArray();
    }

    private static ByteString Flip(ByteString bytes)
    {
        var copy = bytes.ToByteArray();
        copy[5] ^= 1;
        return ByteString.CopyFrom(copy);
    }

    private PeerRecord Create(params string[] endpoints) => PeerRecord.Create(
        _identity, "node-1", endpoints.Select(text => PeerEndpoint.TryParse(text, out var endpoint) ? endpoint : throw new ArgumentException(text)), 1, Now.AddHours(1));

    /// <summary>A record as signed by a program that ignores the limits.</summary>
    private Wire.PeerRecord Signed(Action<Wire.PeerRecord> change)
    {
        var wire = Create().Wire.Clone();
        change(wire);
        using var canonical = new MemoryStream();
        using var writer = new BinaryWriter(canonical);
        canonical.Write("meshara/1 peer record\0"u8);
        canonical.Write(wire.Identity.Span);
        canonical.Write(wire.EncryptionKey.Span);
        writer.Write(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(wire.Sequence));
        writer.Write(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(wire.Expires));
        foreach (var text in wire.Endpoints.Prepend(wire.Name))
        {
            var utf8 = System.Text.Encoding.UTF8.GetBytes(text);
            writer.Write(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(utf8.Length));
            writer.Write(utf8);
        }
        writer.Flush();
        var signature = new byte[64];
        _identity.Sign(canonical.ToArray(), signature);
        wire.Signature = ByteString.CopyFrom(signature);
        return wire;
    }
}
