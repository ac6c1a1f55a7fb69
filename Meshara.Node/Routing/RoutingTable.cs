using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Routing;

/// <summary>
/// Kademlia's k-buckets: bucket i holds up to k contacts that share exactly i leading bits with this node. A full bucket keeps
/// its contacts, which makes the table hard to flood. It replaces one only if that one has failed or expired, or was never
/// reached while the new one was.
/// </summary>
internal sealed class RoutingTable(NodeId self, int bucketSize, TimeProvider time)
{
    // A contact that has failed this often may be replaced, and is no longer given to other nodes.
    private const int MaxFailures = 3;

    private readonly NodeClock _clock = NodeClock.Of(time);
    private readonly Lock _gate = new();
    private readonly List<Contact>?[] _buckets = new List<Contact>?[NodeId.Bits];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Adds or refreshes a contact.</summary>
    /// <param name="seen">True if this node heard from the contact itself; false if another node named it.</param>
    /// <returns>True if the contact is now in the table.</returns>
    public bool Add(PeerRecord record, bool seen)
    {
        if (record.Id == self)
            return false;
        lock (_gate)
        {
            var bucket = _buckets[self.CommonPrefix(record.Id)] ??= [];
            var at = bucket.FindIndex(contact => contact.Record.Id == record.Id);
            if (at >= 0)
            {
                var old = bucket[at];
                // A record from its owner is the newest one whatever its sequence, and an expired record blocks no other.
                var isNewer = record.Sequence > old.Record.Sequence || old.Record.Expires <= _clock.Steady;
                // A record signed since the contact failed shows that it is back or has moved, so it gets another try.
                bucket[at] = seen ? new Contact(record, _clock.GetUtcNow(), 0) : isNewer ? old with { Record = record, Failures = 0 } : old;
                return true;
            }
            if (bucket.Count >= bucketSize && !EvictFailed(bucket) && !(seen && EvictHearsay(bucket)))
                return false;
            bucket.Add(new Contact(record, seen ? _clock.GetUtcNow() : DateTimeOffset.UnixEpoch, 0));
            _count++;
            return true;
        }
    }

    /// <summary>Notes that a contact has answered.</summary>
    public void Succeed(NodeId id)
    {
        if (id == self)
            return;
        lock (_gate)
        {
            var bucket = _buckets[self.CommonPrefix(id)];
            var at = bucket?.FindIndex(contact => contact.Record.Id == id) ?? -1;
            if (at >= 0)
                bucket![at] = bucket[at] with { LastSeen = _clock.GetUtcNow(), Failures = 0 };
        }
    }

    /// <summary>
    /// Notes that a contact did not answer. It stays until another contact needs its place: after a partition, the two halves
    /// reconnect through the contacts that could not be reached.
    /// </summary>
    public void Fail(NodeId id)
    {
        if (id == self)
            return;
        lock (_gate)
        {
            var bucket = _buckets[self.CommonPrefix(id)];
            var at = bucket?.FindIndex(contact => contact.Record.Id == id) ?? -1;
            if (at < 0)
                return;
            bucket![at] = bucket[at] with { Failures = bucket[at].Failures + 1 };
        }
    }

    /// <summary>The contacts closest to a target, closest first, without failing or expired ones.</summary>
    public List<PeerRecord> Closest(NodeId target, int count)
    {
        var now = _clock.Steady;
        lock (_gate)
        {
            var all = new List<PeerRecord>(_count);
            foreach (var bucket in _buckets)
            {
                if (bucket is null)
                    continue;
                foreach (var contact in bucket)
                {
                    if (contact.Failures < MaxFailures && contact.Record.Expires > now)
                        all.Add(contact.Record);
                }
            }
            all.Sort((left, right) => target.CompareDistance(left.Id, right.Id));
            if (all.Count > count)
                all.RemoveRange(count, all.Count - count);
            return all;
        }
    }

    /// <summary>True if the node is one of the table's contacts.</summary>
    public bool Contains(NodeId id)
    {
        if (id == self)
            return false;
        lock (_gate)
            return _buckets[self.CommonPrefix(id)]?.Exists(contact => contact.Record.Id == id) == true;
    }

    /// <summary>Every contact with an unexpired record, failing ones included.</summary>
    public List<Contact> Snapshot()
    {
        var now = _clock.Steady;
        lock (_gate)
            return [.. _buckets.Where(bucket => bucket is not null).SelectMany(bucket => bucket!).Where(contact => contact.Record.Expires > now)];
    }

    /// <summary>Indices of the buckets to refresh: all down to the deepest one in use.</summary>
    public IReadOnlyList<int> BucketsToRefresh()
    {
        lock (_gate)
        {
            var deepest = Array.FindLastIndex(_buckets, bucket => bucket is { Count: > 0 });
            return [.. Enumerable.Range(0, deepest + 1)];
        }
    }

    private bool EvictFailed(List<Contact> bucket)
    {
        var now = _clock.Steady;
        return Evict(bucket, contact => contact.Failures >= MaxFailures || contact.Record.Expires <= now);
    }

    /// <summary>Contacts that were reached exist; records of nodes that do not exist are free to make.</summary>
    private bool EvictHearsay(List<Contact> bucket) => Evict(bucket, contact => contact.LastSeen == DateTimeOffset.UnixEpoch);

    private bool Evict(List<Contact> bucket, Predicate<Contact> condition)
    {
        var worst = bucket.FindIndex(condition);
        if (worst < 0)
            return false;
        bucket.RemoveAt(worst);
        _count--;
        return true;
    }
}
