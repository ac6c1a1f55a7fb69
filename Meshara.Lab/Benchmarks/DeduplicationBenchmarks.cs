using BenchmarkDotNet.Attributes;
using Meshara.Node;
using Meshara.Node.Protocol;

namespace Meshara.Lab.Benchmarks;

/// <summary>Checking whether a message is a duplicate.</summary>
public class DeduplicationBenchmarks
{
    private readonly RecentMap<MessageId, byte> _seen = new(500_000, TimeSpan.FromDays(1), TimeProvider.System);
    private readonly MessageId _known = MessageId.Create(DateTimeOffset.UtcNow);

    public DeduplicationBenchmarks() => _seen.TryAdd(_known, 0);

    [Benchmark]
    public bool NewMessage() => _seen.TryAdd(MessageId.Create(DateTimeOffset.UtcNow), 0) ? true : throw new InvalidOperationException("A new id counts as a duplicate.");

    [Benchmark]
    public bool Duplicate() => _seen.Contains(_known);
}
