using BenchmarkDotNet.Attributes;
using Google.Protobuf;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Microsoft.Extensions.Options;

namespace Meshara.Lab.Benchmarks;

/// <summary>Sealing, signing, verifying and opening a message, under a session key and under a key per message.</summary>
public class SealingBenchmarks
{
    private readonly NodeIdentity _alice = NodeIdentity.Generate();
    private readonly NodeIdentity _bob = NodeIdentity.Generate();
    private Sealer _sealer = null!;
    private Opener _opener = null!;
    private PeerRecord _record = null!;
    private Envelope _envelope = null!;
    private Envelope[] _batch = [];
    private byte[] _content = [];

    /// <summary>Content size in bytes.</summary>
    [Params(256, 64 * 1024)]
    public int Payload { get; set; }

    /// <summary>Messages per key; 1 creates a key for each message.</summary>
    [Params(1, 1000)]
    public int MessagesPerKey { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _content = new byte[Payload];
        Random.Shared.NextBytes(_content);
        _sealer = new Sealer(_alice, Options.Create(new SealingOptions { MessagesPerKey = MessagesPerKey }), TimeProvider.System);
        _opener = new Opener(_bob, TimeProvider.System);
        _record = PeerRecord.Create(_bob, "bob", [], 1, DateTimeOffset.UtcNow.AddHours(1));
        _envelope = Create();
        _batch = [.. Enumerable.Range(0, Envelope.MaxBatch).Select(_ => Create())];
        if (!Open(_envelope).AsSpan().SequenceEqual(_content))
            throw new InvalidOperationException("What was opened is not what was sealed.");
    }

    [Benchmark]
    public object CreateEnvelope() => Create();

    /// <summary>Both ends. With a key per message, the recipient also performs a key agreement for each.</summary>
    [Benchmark]
    public byte[] CreateAndOpenEnvelope() => Open(Create());

    [Benchmark]
    public bool VerifySignature() => _envelope.HasValidSignature();

    /// <summary>Both ends of messages that share a signature, per message.</summary>
    [Benchmark(OperationsPerInvoke = Envelope.MaxBatch)]
    public bool SignAndVerifyTogether()
    {
        Envelope.Sign(_alice, _batch);
        var verified = new VerifiedBatches(TimeProvider.System);
        return Array.TrueForAll(_batch, envelope => envelope.HasValidSignature(verified))
            ? true
            : throw new InvalidOperationException("A signature is not valid.");
    }

    private Envelope Create()
    {
        var now = DateTimeOffset.UtcNow;
        return Envelope.Create(_alice, MessageType.Private, MessageId.Create(now), _bob.Address, now, now.AddHours(1), Seal, parent: null);
    }

    private ByteString Seal(ReadOnlySpan<byte> header) => _sealer.Seal(_record, header, _content);

    private byte[] Open(Envelope envelope) =>
        envelope.HasValidSignature() && _opener.TryOpen(envelope, out var content) ? content : throw new InvalidOperationException("A message could not be opened.");
}
