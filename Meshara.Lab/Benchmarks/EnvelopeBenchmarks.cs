using BenchmarkDotNet.Attributes;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Lab.Benchmarks;

/// <summary>Serializing, parsing and forwarding an envelope, without cryptography.</summary>
public class EnvelopeBenchmarks
{
    private readonly NodeIdentity _sender = NodeIdentity.Generate();
    private readonly NodeAddress _relay;
    private readonly Envelope _envelope;
    private readonly byte[] _bytes;

    public EnvelopeBenchmarks()
    {
        using var relay = NodeIdentity.Generate();
        _relay = relay.Address;
        var payload = UnsafeByteOperations.UnsafeWrap(new byte[320]);
        var now = DateTimeOffset.UtcNow;
        _envelope = Envelope.Create(_sender, MessageType.Private, MessageId.Create(now), _relay, now, now.AddHours(1), _ => payload, parent: null);
        _bytes = _envelope.Wire.ToByteArray();
    }

    [Benchmark]
    public int Write()
    {
        Span<byte> destination = stackalloc byte[1024];
        var length = _envelope.Wire.CalculateSize();
        _envelope.Wire.WriteTo(destination[..length]);
        return length;
    }

    [Benchmark]
    public object Parse() => Envelope.TryParse(Node.Protocol.Wire.Envelope.Parser.ParseFrom(_bytes), out var envelope, out var reason)
        ? envelope
        : throw new InvalidOperationException(reason);

    [Benchmark]
    public object NextHop() => _envelope.NextHop(_relay, default);
}
