using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Routing;

/// <summary>
/// One path of a <see cref="Lookup"/>. A candidate that cannot be reached gives up its place; otherwise a peer could end the
/// path by naming twenty nodes that do not exist.
/// </summary>
internal sealed class LookupPath(NodeId target, int bucketSize)
{
    // How many of the closest candidates to keep, failed ones included: this bounds the memory that peers can use up.
    private readonly int _capacity = bucketSize * 10;
    private readonly SortedList<NodeId, Candidate> _candidates = new(Comparer<NodeId>.Create(target.CompareDistance));

    private enum Standing
    {
        New,
        Asked,
        Answered,
        Failed,
    }

    /// <summary>The nodes that have answered, closest first.</summary>
    public IEnumerable<PeerRecord> Answered =>
        _candidates.Values.Where(candidate => candidate.Standing == Standing.Answered).Select(candidate => candidate.Record);

    /// <summary>
    /// The closest candidate not asked yet, if it is among the <paramref name="share"/> closest; null if there is none.
    /// </summary>
    /// <param name="share">How many candidates that have not failed to consider.</param>
    /// <param name="asked">The nodes asked on any path.</param>
    public PeerRecord? Next(int share, IReadOnlyDictionary<NodeId, LookupPath> asked)
    {
        foreach (var (id, candidate) in _candidates)
        {
            if (candidate.Standing == Standing.Failed || candidate.Standing == Standing.New && asked.ContainsKey(id))
                continue;
            if (share-- == 0)
                return null;
            if (candidate.Standing != Standing.New)
                continue;
            candidate.Standing = Standing.Asked;
            return candidate.Record;
        }
        return null;
    }

    public void OnAnswer(NodeId id) => Stand(id, Standing.Answered);

    public void OnFailed(NodeId id) => Stand(id, Standing.Failed);

    public void Add(PeerRecord record)
    {
        if (_candidates.TryAdd(record.Id, new Candidate(record)) && _candidates.Count > _capacity)
            _candidates.RemoveAt(_capacity);
    }

    private void Stand(NodeId id, Standing standing)
    {
        if (_candidates.TryGetValue(id, out var candidate))
            candidate.Standing = standing;
    }

    private sealed class Candidate(PeerRecord record)
    {
        public PeerRecord Record { get; } = record;

        public Standing Standing { get; set; }
    }
}
