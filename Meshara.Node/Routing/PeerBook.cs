using System.Diagnostics.CodeAnalysis;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Routing;

/// <summary>
/// Every valid peer record this node has come across or keeps for others: the values of the distributed hash table.
/// Bounded; when full, the record whose key is farthest from this node goes first, as nobody will look for it here.
/// </summary>
internal sealed class PeerBook(NodeId self, int capacity, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<NodeId, PeerRecord> _records = [];

    /// <summary>Keeps the record unless a newer one of that node is here. True when it was news.</summary>
    public bool Add(PeerRecord record)
    {
        if (record.Id == self)
            return false;
        lock (_gate)
        {
            if (_records.TryGetValue(record.Id, out var known) && known.Sequence >= record.Sequence)
                return false;
            _records[record.Id] = record;
            if (_records.Count > capacity)
                Shrink();
            return true;
        }
    }

    public bool TryGet(NodeId id, [NotNullWhen(true)] out PeerRecord? record)
    {
        lock (_gate)
            return _records.TryGetValue(id, out record) && record.Expires > time.GetUtcNow();
    }

    private void Shrink()
    {
        // A tenth at once, so that a full book does not sort itself for every record.
        var now = time.GetUtcNow();
        var victims = _records.Values
            .OrderBy(record => record.Expires > now)
            .ThenByDescending(record => record.Id, Comparer<NodeId>.Create(self.CompareDistance))
            .Take(capacity / 10 + 1)
            .ToList();
        foreach (var victim in victims)
            _records.Remove(victim.Id);
    }
}
