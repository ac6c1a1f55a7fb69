using Meshara.Node.Identity;
using Meshara.Node.Routing;
using Meshara.Tests.Mesh;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Routing;

public sealed class PeerBookTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly NodeId _self = new(new byte[NodeId.Size]);

    [Fact]
    public void A_record_is_found_until_it_expires()
    {
        var book = new PeerBook(_self, 100, _time);
        var record = Peers.Record(_time.GetUtcNow().AddHours(1));
        Assert.True(book.Add(record));
        Assert.True(book.TryGet(record.Id, out var found));
        Assert.Same(record, found);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(book.TryGet(record.Id, out _));
    }

    [Fact]
    public void Only_a_higher_sequence_is_news()
    {
        using var identity = NodeIdentity.Generate();
        var book = new PeerBook(_self, 100, _time);
        Assert.True(book.Add(Peers.Record(identity, sequence: 5)));
        Assert.False(book.Add(Peers.Record(identity, sequence: 5)));
        Assert.False(book.Add(Peers.Record(identity, sequence: 4)));
        Assert.True(book.Add(Peers.Record(identity, sequence: 6)));
        Assert.True(book.TryGet(identity.Id, out var found));
        Assert.Equal(6UL, found.Sequence);
    }

    [Fact]
    public void The_own_record_is_not_kept()
    {
        using var identity = NodeIdentity.Generate();
        Assert.False(new PeerBook(identity.Id, 100, _time).Add(Peers.Record(identity)));
    }

    [Fact]
    public void A_full_book_forgets_the_expired_and_then_the_farthest()
    {
        var book = new PeerBook(_self, 100, _time);
        var expiring = Enumerable.Range(0, 10).Select(_ => Peers.Record(_time.GetUtcNow().AddMinutes(1))).ToList();
        var lasting = Enumerable.Range(0, 191).Select(_ => Peers.Record()).ToList();
        foreach (var record in expiring)
            book.Add(record);
        _time.Advance(TimeSpan.FromMinutes(2));
        foreach (var record in lasting.Take(91))
            book.Add(record);
        Assert.DoesNotContain(expiring, record => book.TryGet(record.Id, out _));
        Assert.InRange(lasting.Count(record => book.TryGet(record.Id, out _)), 90, 91); // only the expired ones made room, or all but one
        foreach (var record in lasting.Skip(91))
            book.Add(record);
        var kept = lasting.Where(record => book.TryGet(record.Id, out _)).ToList();
        Assert.InRange(kept.Count, 80, 100);
        var closest = lasting.OrderBy(record => record.Id, Comparer<NodeId>.Create(_self.CompareDistance)).First();
        Assert.Contains(closest, kept);
    }
}
