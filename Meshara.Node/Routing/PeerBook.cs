using System.Diagnostics.CodeAnalysis;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Routing;

/// <summary>
/// Every valid peer record this node has come across or keeps for others: the values of the distributed hash table. Bounded.
/// When full, each source keeps its records with the keys closest to this node, so that nobody can push out what others sent.
/// The farthest of a source go first, since nobody looks for those here. All sources at one address share one portion.
/// </summary>
internal sealed class PeerBook(NodeId self, int capacity, TimeProvider time)
{
    private readonly NodeClock _clock = NodeClock.Of(time);
    private readonly Lock _gate = new();
    private readonly Dictionary<NodeId, Entry> _records = [];

    /// <summary>Stores a record unless there is an unexpired one with the same or a higher sequence. True if it was news.</summary>
    /// <param name="record">A verified record.</param>
    /// <param name="source">
    /// The peer that sent it; null if none in particular did. A record from its owner is the newest one, whatever its sequence.
    /// </param>
    public bool Add(PeerRecord record, Source? source = null)
    {
        if (record.Id == self)
            return false;
        lock (_gate)
        {
            var known = _records.GetValueOrDefault(record.Id)?.Record;
            if (known is not null && source?.Peer != record.Address && known.Sequence >= record.Sequence && known.Expires > _clock.Steady)
                return false;
            _records[record.Id] = new Entry(record, source ?? record.Address);
            if (_records.Count > capacity)
                Shrink();
            return known?.Sequence != record.Sequence;
        }
    }

    public bool TryGet(NodeId id, [NotNullWhen(true)] out PeerRecord? record)
    {
        lock (_gate)
            record = _records.GetValueOrDefault(id)?.Record;
        return record?.Expires > _clock.Steady;
    }

    private void Shrink()
    {
        // Removes a tenth at a time, so that a full book does not sort itself for every new record.
        var now = _clock.Steady;
        var distance = Comparer<NodeId>.Create(self.CompareDistance);
        var victims = _records.Values
            .GroupBy(entry => entry.Source.Peer)
            .SelectMany(source => source
                .OrderBy(entry => entry.Record.Expires <= now)
                .ThenBy(entry => entry.Record.Id, distance)
                .Select((entry, rank) => (entry.Record, entry.Source, Rank: entry.Record.Expires <= now ? int.MaxValue : rank)))
            // The sources at one address take turns within its share.
            .GroupBy(ranked => ranked.Source.Network is { } network ? (object)network : ranked.Source.Peer)
            .SelectMany(network => network
                .OrderBy(ranked => ranked.Rank)
                .ThenBy(ranked => ranked.Record.Id, distance)
                .Select((ranked, rank) => (ranked.Record, Rank: Math.Max(ranked.Rank, rank))))
            .OrderByDescending(ranked => ranked.Rank)
            .ThenByDescending(ranked => ranked.Record.Id, distance)
            .Take(capacity / 10 + 1)
            .ToList();
        foreach (var (victim, _) in victims)
            _records.Remove(victim.Id);
    }

    private sealed record Entry(PeerRecord Record, Source Source);
}
