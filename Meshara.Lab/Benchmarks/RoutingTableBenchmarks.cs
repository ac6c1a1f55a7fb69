using BenchmarkDotNet.Attributes;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Routing;

namespace Meshara.Lab.Benchmarks;

/// <summary>A routing table that has seen a thousand nodes.</summary>
public class RoutingTableBenchmarks
{
    private const int Nodes = 1000;
    private const int Wanted = 20;

    private readonly PeerRecord[] _records = [.. Enumerable.Range(0, Nodes).Select(_ => Record())];
    private readonly RoutingTable _table;
    private int _next;

    public RoutingTableBenchmarks()
    {
        _table = new RoutingTable(Record().Id, Wanted, TimeProvider.System);
        foreach (var record in _records)
            _table.Add(record, seen: true);
    }

    [Benchmark]
    public int Closest()
    {
        var closest = _table.Closest(Next().Id, Wanted).Count;
        return closest == Wanted ? closest : throw new InvalidOperationException($"{closest} of {Wanted} contacts were found.");
    }

    [Benchmark]
    public bool SeenAgain() => _table.Add(Next(), seen: true);

    private PeerRecord Next() => _records[_next++ % Nodes];

    private static PeerRecord Record()
    {
        using var identity = NodeIdentity.Generate();
        return PeerRecord.Create(identity, "peer", [], 1, DateTimeOffset.UtcNow.AddHours(1));
    }
}
