using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Routing;

/// <summary>
/// What one iterative lookup knows: the candidates in order of their distance to the target, and how each of them stands. A candidate
/// that cannot be reached gives its place up, or a peer that names twenty that are nowhere would end the lookup.
/// </summary>
internal sealed class Lookup(NodeId self, NodeId target, int bucketSize)
{
    // So many of the closest are kept, failed ones included: what peers name costs memory.
    private readonly int _capacity = bucketSize * 10;
    private readonly SortedList<NodeId, Candidate> _candidates = new(Comparer<NodeId>.Create(target.CompareDistance));

    private enum Standing
    {
        New,
        Asked,
        Answered,
        Failed,
    }

    /// <summary>Nodes that were asked.</summary>
    public int Contacted { get; private set; }

    /// <summary>True once somebody has named the target itself.</summary>
    public bool HasFound { get; private set; }

    /// <summary>The closest nodes that have answered, closest first.</summary>
    public List<PeerRecord> Answered =>
    [
        .. _candidates.Values.Where(candidate => candidate.Standing == Standing.Answered)
            .Select(candidate => candidate.Record)
            .Take(bucketSize),
    ];

    /// <summary>Takes candidates in that are known to start with.</summary>
    public void Begin(IEnumerable<PeerRecord> known)
    {
        foreach (var record in known)
            Add(record);
    }

    /// <summary>The closest node that was not asked, among the k closest that have not failed; null when there is none.</summary>
    public PeerRecord? Next()
    {
        var closest = _candidates.Values.Where(candidate => candidate.Standing != Standing.Failed).Take(bucketSize);
        var candidate = closest.FirstOrDefault(candidate => candidate.Standing == Standing.New);
        if (candidate is null)
            return null;
        candidate.Standing = Standing.Asked;
        Contacted++;
        return candidate.Record;
    }

    public void OnAnswer(PeerRecord from, IReadOnlyList<PeerRecord> named)
    {
        Stand(from, Standing.Answered);
        foreach (var record in named)
        {
            HasFound |= record.Id == target;
            Add(record);
        }
    }

    /// <summary>It cannot be reached, or takes so long that others should be asked; it may still answer.</summary>
    public void OnFailed(PeerRecord record) => Stand(record, Standing.Failed);

    private void Stand(PeerRecord record, Standing standing)
    {
        if (_candidates.TryGetValue(record.Id, out var candidate))
            candidate.Standing = standing;
    }

    private void Add(PeerRecord record)
    {
        if (record.Id == self || !_candidates.TryAdd(record.Id, new Candidate(record)))
            return;
        if (_candidates.Count > _capacity)
            _candidates.RemoveAt(_capacity);
    }

    private sealed class Candidate(PeerRecord record)
    {
        public PeerRecord Record { get; } = record;

        public Standing Standing { get; set; }
    }
}
