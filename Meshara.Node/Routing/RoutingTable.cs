using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Routing;

/// <summary>
/// Kademlia's k-buckets: bucket i holds up to k contacts that share exactly i leading bits with this node. A full bucket keeps
/// its contacts, which makes the table hard to flood. It replaces one only if that one has failed or expired, or was never
/// reached while the new one was. Safe for concurrent use.
/// </summary>
internal sealed class RoutingTable(NodeId self, int bucketSize, TimeProvider time)
{
    private readonly NodeClock _clock = NodeClock.Of(time);
    private readonly Lock _gate = new();
    private readonly Bucket?[] _buckets = new Bucket?[NodeId.Bits];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Adds or refreshes a contact.</summary>
    /// <param name="record">Its record.</param>
    /// <param name="seen">True if this node heard from the contact itself; false if another node named it.</param>
    /// <returns>True if the contact is now in the table.</returns>
    public bool Add(PeerRecord record, bool seen)
    {
        if (record.Id == self)
            return false;
        lock (_gate)
        {
            var bucket = _buckets[self.CommonPrefix(record.Id)] ??= new Bucket(bucketSize);
            var before = bucket.Contacts.Count;
            var isIn = bucket.Add(record, seen ? _clock.GetUtcNow() : null, _clock.Steady);
            _count += bucket.Contacts.Count - before;
            return isIn;
        }
    }

    /// <summary>Notes that a contact has answered.</summary>
    public void Succeed(NodeId id)
    {
        if (id == self)
            return;
        lock (_gate)
            _buckets[self.CommonPrefix(id)]?.Succeed(id, _clock.GetUtcNow());
    }

    /// <summary>Notes that a contact did not answer; see <see cref="Bucket.Fail"/>.</summary>
    public void Fail(NodeId id)
    {
        if (id == self)
            return;
        lock (_gate)
            _buckets[self.CommonPrefix(id)]?.Fail(id, _clock.Steady);
    }

    /// <summary>The contacts closest to a target, closest first, without failing or expired ones.</summary>
    public List<PeerRecord> Closest(NodeId target, int count)
    {
        var now = _clock.Steady;
        var closest = new List<PeerRecord>(count * 2);
        lock (_gate)
        {
            // The contacts in the target's own bucket are closest to it, then all in deeper buckets, which share as many bits
            // with it as this node does, then the other buckets, one after another.
            var own = target == self ? NodeId.Bits - 1 : self.CommonPrefix(target);
            AddUsable(own, own);
            if (closest.Count < count)
                AddUsable(own + 1, NodeId.Bits - 1);
            for (var upper = own - 1; closest.Count < count && upper >= 0; upper--)
                AddUsable(upper, upper);
        }
        if (closest.Count > count)
            closest.RemoveRange(count, closest.Count - count);
        return closest;

        void AddUsable(int first, int last)
        {
            var before = closest.Count;
            for (var index = first; index <= last; index++)
            {
                foreach (var contact in _buckets[index]?.Contacts ?? [])
                {
                    if (Bucket.IsUsable(contact, now))
                        closest.Add(contact.Record);
                }
            }
            closest.Sort(before, closest.Count - before, Comparer<PeerRecord>.Create((left, right) => target.CompareDistance(left.Id, right.Id)));
        }
    }

    /// <summary>True if the node is one of the table's contacts.</summary>
    public bool Contains(NodeId id)
    {
        if (id == self)
            return false;
        lock (_gate)
            return _buckets[self.CommonPrefix(id)]?.Contains(id) == true;
    }

    /// <summary>Every contact with an unexpired record, failing ones included.</summary>
    public List<Contact> Snapshot()
    {
        var now = _clock.Steady;
        lock (_gate)
            return [.. _buckets.Where(bucket => bucket is not null).SelectMany(bucket => bucket!.Contacts).Where(contact => contact.Record.Expires > now)];
    }

    /// <summary>
    /// Indices of the buckets to refresh. The deepest ones are left out as long as they hold k contacts at most together: those
    /// are the nodes closest to this one, which the lookup of its own id finds.
    /// </summary>
    public IReadOnlyList<int> BucketsToRefresh()
    {
        lock (_gate)
        {
            var end = NodeId.Bits;
            for (var deeper = 0; end > 0 && (deeper += _buckets[end - 1]?.Contacts.Count ?? 0) <= bucketSize;)
                end--;
            return [.. Enumerable.Range(0, end)];
        }
    }

    /// <summary>
    /// Roughly how many nodes the mesh has: each full bucket stands for one half of what is left of the key space, and each
    /// node that is not in a full one was met. Off by a factor of two at most once the table is filled.
    /// </summary>
    public double EstimateNodes()
    {
        lock (_gate)
        {
            var full = 0;
            while (full < _buckets.Length && _buckets[full]?.IsFull == true)
                full++;
            var rest = _buckets.Skip(full).Sum(bucket => bucket?.Contacts.Count ?? 0);
            return (rest + 1) * Math.Pow(2, full);
        }
    }

    /// <summary>True if a bucket holds k contacts that do not fail.</summary>
    public bool IsFull(int bucket)
    {
        lock (_gate)
            return _buckets[bucket]?.IsFull == true;
    }

    /// <summary>The contacts of a bucket that this node has not heard of for longest, those it never heard of first.</summary>
    public List<PeerRecord> LongestUnseen(int bucket, int count)
    {
        lock (_gate)
            return [.. (_buckets[bucket]?.Contacts ?? []).OrderBy(contact => contact.LastSeen).Take(count).Select(contact => contact.Record)];
    }
}
