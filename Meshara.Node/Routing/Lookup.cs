using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Routing;

/// <summary>
/// The state of one iterative lookup: its candidates by distance to the target, and the progress of each. It follows several
/// disjoint paths (Baumgart and Mies, "S/Kademlia", 2007, section 4.4): nodes named by a node are asked only on the path of
/// that node, so that a group of colluding nodes spoils one path and not the others.
/// </summary>
internal sealed class Lookup
{
    private readonly NodeId _self;
    private readonly NodeId _target;
    private readonly int _bucketSize;
    private readonly List<LookupPath> _paths;
    private readonly Dictionary<NodeId, LookupPath> _asked = [];
    private int _turn;

    /// <param name="self">The node that searches.</param>
    /// <param name="target">The id searched for.</param>
    /// <param name="bucketSize">How many of the closest nodes are wanted.</param>
    /// <param name="paths">The most paths to follow.</param>
    /// <param name="known">The initial candidates.</param>
    public Lookup(NodeId self, NodeId target, int bucketSize, int paths, IEnumerable<PeerRecord> known)
    {
        _self = self;
        _target = target;
        _bucketSize = bucketSize;
        var closest = known.DistinctBy(record => record.Id).OrderBy(record => record.Id, Comparer<NodeId>.Create(target.CompareDistance)).ToList();
        _paths = [.. Enumerable.Range(0, Math.Clamp(closest.Count, 1, paths)).Select(_ => new LookupPath(target, bucketSize))];
        for (var i = 0; i < closest.Count; i++)
            Add(closest[i], _paths[i % _paths.Count]);
    }

    /// <summary>Number of nodes asked.</summary>
    public int Contacted => _asked.Count;

    /// <summary>Rounds of queries so far.</summary>
    public int Rounds { get; set; }

    /// <summary>True once a node has named the target itself.</summary>
    public bool HasFound { get; private set; }

    /// <summary>The closest nodes that have answered, closest first.</summary>
    public List<PeerRecord> Answered =>
    [
        .. _paths.SelectMany(path => path.Answered)
            .OrderBy(record => record.Id, Comparer<NodeId>.Create(_target.CompareDistance))
            .Take(_bucketSize),
    ];

    /// <summary>
    /// The next node to ask, taking the paths in turn: the closest candidate not asked yet within the path's share of
    /// candidates that have not failed. If some paths run dry, the others continue beyond their share. Null if there is none.
    /// </summary>
    public PeerRecord? Next()
    {
        var share = (_bucketSize + _paths.Count - 1) / _paths.Count;
        return Next(share) ?? (_paths.Count > 1 && _paths.Sum(path => path.Answered.Count()) < _bucketSize ? Next(_bucketSize) : null);
    }

    public void OnAnswer(PeerRecord from, IReadOnlyList<PeerRecord> named)
    {
        if (!_asked.TryGetValue(from.Id, out var path))
            return;
        path.OnAnswer(from.Id);
        foreach (var record in named)
        {
            HasFound |= record.Id == _target;
            Add(record, path);
        }
    }

    /// <summary>Notes that a node cannot be reached, or is so slow that others should be asked; it may still answer.</summary>
    public void OnFailed(PeerRecord record)
    {
        if (_asked.TryGetValue(record.Id, out var path))
            path.OnFailed(record.Id);
    }

    private PeerRecord? Next(int share)
    {
        for (var i = 0; i < _paths.Count; i++)
        {
            var path = _paths[_turn++ % _paths.Count];
            if (path.Next(share, _asked) is not { } next)
                continue;
            _asked[next.Id] = path;
            return next;
        }
        return null;
    }

    private void Add(PeerRecord record, LookupPath path)
    {
        if (record.Id != _self)
            path.Add(record);
    }
}
