using CsCheck;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Routing;
using Meshara.Tests.Mesh;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Routing;

public sealed class RoutingTableTests
{
    private static readonly Gen<NodeId> Ids = Gen.Byte.Array[NodeId.Size].Select(bytes => new NodeId(bytes));
    private static readonly PeerRecord[] Pool = [.. Enumerable.Range(0, 120).Select(_ => Peers.Record())];

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly NodeId _self = new(new byte[NodeId.Size]);

    [Fact]
    public void The_closest_contacts_are_those_that_sorting_everything_gives() => Gen.Select(Ids, Gen.Shuffle(Pool, 0, Pool.Length), Gen.Int[0, 40]).Sample((target, contacts, count) =>
    {
        var table = new RoutingTable(_self, bucketSize: 200, _time);
        foreach (var contact in contacts)
            table.Add(contact, seen: true);
        var expected = contacts.OrderBy(record => record.Id, Comparer<NodeId>.Create(target.CompareDistance)).Take(count).Select(record => record.Id);
        return table.Closest(target, count).Select(record => record.Id).SequenceEqual(expected) && table.Count == contacts.Length;
    }, iter: 100);

    [Fact]
    public void A_full_bucket_keeps_the_contacts_it_has()
    {
        var table = new RoutingTable(_self, bucketSize: 2, _time);
        var bucket = Bucket(3);
        Assert.True(table.Add(bucket[0], seen: true));
        Assert.True(table.Add(bucket[1], seen: true));
        Assert.False(table.Add(bucket[2], seen: true));
        Assert.Equal([bucket[0].Id, bucket[1].Id], table.Snapshot().Select(contact => contact.Record.Id));
        Assert.Equal(2, table.Count);
    }

    [Fact]
    public void A_contact_that_failed_three_times_makes_room_for_another()
    {
        var table = new RoutingTable(_self, bucketSize: 2, _time);
        var bucket = Bucket(3);
        table.Add(bucket[0], seen: true);
        table.Add(bucket[1], seen: true);
        for (var i = 0; i < 3; i++)
        {
            Assert.False(table.Add(bucket[2], seen: true));
            table.Fail(bucket[0].Id);
        }
        Assert.True(table.Add(bucket[2], seen: true));
        Assert.Equal([bucket[1].Id, bucket[2].Id], table.Snapshot().Select(contact => contact.Record.Id));
        Assert.Equal(2, table.Count);
    }

    [Fact]
    public void A_failing_contact_is_not_handed_out_until_it_is_heard_again()
    {
        var table = new RoutingTable(_self, bucketSize: 20, _time);
        table.Add(Pool[0], seen: true);
        for (var i = 0; i < 3; i++)
            table.Fail(Pool[0].Id);
        Assert.Empty(table.Closest(_self, 20));
        table.Add(Pool[0], seen: false); // hearsay
        Assert.Empty(table.Closest(_self, 20));
        table.Add(Pool[0], seen: true);
        Assert.Single(table.Closest(_self, 20));
    }

    [Fact]
    public void A_failing_contact_that_signed_a_new_record_is_tried_again()
    {
        using var identity = NodeIdentity.Generate();
        var table = new RoutingTable(_self, bucketSize: 20, _time);
        table.Add(Peers.Record(identity, sequence: 1), seen: true);
        for (var i = 0; i < 3; i++)
            table.Fail(identity.Id);
        table.Add(Peers.Record(identity, sequence: 2), seen: false);
        Assert.Equal(2UL, Assert.Single(table.Closest(_self, 20)).Sequence);
    }

    [Fact]
    public void A_contact_that_fails_for_long_is_told_to_nobody_but_kept()
    {
        var table = new RoutingTable(_self, bucketSize: 20, _time);
        table.Add(Pool[0], seen: true);
        for (var i = 0; i < 100; i++)
            table.Fail(Pool[0].Id);
        Assert.Empty(table.Closest(_self, 20));
        Assert.Equal(Pool[0].Address, Assert.Single(table.Snapshot()).Record.Address);
    }

    [Fact]
    public void An_expired_contact_is_left_out_and_makes_room()
    {
        var table = new RoutingTable(_self, bucketSize: 1, _time);
        var bucket = Bucket(2);
        table.Add(bucket[0], seen: true);
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Empty(table.Closest(_self, 20));
        Assert.True(table.Add(bucket[1], seen: true));
        Assert.Equal(1, table.Count);
    }

    [Fact]
    public void The_newest_record_stays_whatever_order_they_come_in()
    {
        using var identity = NodeIdentity.Generate();
        var table = new RoutingTable(_self, bucketSize: 20, _time);
        foreach (var sequence in new ulong[] { 2, 5, 3 })
            table.Add(Peers.Record(identity, sequence: sequence), seen: false);
        Assert.Equal(5UL, Assert.Single(table.Snapshot()).Record.Sequence);
        Assert.Equal(1, table.Count);
    }

    [Fact]
    public void A_node_is_not_its_own_contact()
    {
        var table = new RoutingTable(Pool[0].Id, bucketSize: 20, _time);
        Assert.False(table.Add(Pool[0], seen: true));
        table.Fail(Pool[0].Id);
        Assert.Equal(0, table.Count);
    }

    [Fact]
    public void Buckets_are_refreshed_down_to_those_that_hold_the_closest_nodes()
    {
        var table = new RoutingTable(_self, bucketSize: 20, _time);
        Assert.Empty(table.BucketsToRefresh());
        foreach (var record in Pool)
            table.Add(record, seen: true);
        var depths = table.Snapshot().ConvertAll(contact => _self.CommonPrefix(contact.Record.Id));
        var end = table.BucketsToRefresh().Count;
        Assert.Equal(Enumerable.Range(0, end), table.BucketsToRefresh());
        Assert.InRange(depths.Count(depth => depth >= end), 0, 20);
        Assert.InRange(depths.Count(depth => depth >= end - 1), 21, Pool.Length);
    }

    [Fact]
    public void The_contact_heard_last_while_the_bucket_was_full_replaces_one_that_fails()
    {
        var table = new RoutingTable(_self, bucketSize: 2, _time);
        var bucket = Bucket(5);
        foreach (var record in bucket[..4])
            table.Add(record, seen: true);
        table.Add(bucket[4], seen: false); // nobody has heard from it, so it does not wait
        for (var i = 0; i < 3; i++)
            table.Fail(bucket[0].Id);
        Assert.Equal([bucket[1].Id, bucket[3].Id], table.Snapshot().Select(contact => contact.Record.Id));
        for (var i = 0; i < 3; i++)
            table.Fail(bucket[1].Id);
        Assert.Equal([bucket[3].Id, bucket[2].Id], table.Snapshot().Select(contact => contact.Record.Id));
        Assert.Equal(2, table.Count);
    }

    [Fact]
    public void The_contacts_unseen_for_longest_are_the_first_to_be_asked()
    {
        var table = new RoutingTable(_self, bucketSize: 20, _time);
        var bucket = Bucket(4);
        table.Add(bucket[0], seen: false);
        for (var i = 1; i < 4; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            table.Add(bucket[i], seen: true);
        }
        _time.Advance(TimeSpan.FromSeconds(1));
        table.Succeed(bucket[1].Id);
        Assert.Equal([bucket[0].Id, bucket[2].Id, bucket[3].Id, bucket[1].Id], table.LongestUnseen(0, 10).Select(record => record.Id));
    }

    [Fact]
    public void The_size_of_the_mesh_is_estimated_from_the_full_buckets()
    {
        var table = new RoutingTable(_self, bucketSize: 20, _time);
        Assert.Equal(1, table.EstimateNodes());
        foreach (var record in Pool)
            table.Add(record, seen: true);
        Assert.InRange(table.EstimateNodes(), Pool.Length / 2, Pool.Length * 2);
    }

    /// <summary>Records that all belong in bucket 0.</summary>
    private PeerRecord[] Bucket(int count) => [.. Pool.Where(record => _self.CommonPrefix(record.Id) == 0).Take(count)];
}
