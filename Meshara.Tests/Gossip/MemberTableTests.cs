using Google.Protobuf;
using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Tests.Gossip;

public sealed class MemberTableTests : IDisposable
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    private readonly GossipOptions _options = new();
    private readonly NodeIdentity _self = NodeIdentity.Generate();
    private readonly NodeIdentity _member = NodeIdentity.Generate();
    private readonly Heartbeat _heartbeat;
    private readonly MemberTable _table;

    public MemberTableTests()
    {
        _heartbeat = new Heartbeat(_member, 1);
        _table = new MemberTable(_self.Address, _options, new MembershipPace(_options));
    }

    [Fact]
    public void A_silent_member_is_doubted_and_then_gone_after_the_time_that_is_set()
    {
        Take();
        var doubted = Enumerable.Range(1, 20).First(_ => _table.Pass(Round).Contains(_member.Address));
        Assert.Equal((4, 2), (doubted, _table.View.Size));
        Assert.True(Assert.Single(News()).Doubted);
        var gone = Enumerable.Range(doubted + 1, 20).First(_ => Passed().View.Size == 1);
        Assert.Equal(_options.MemberTimeout, Round * gone);
    }

    [Fact]
    public void A_beat_ends_a_doubt()
    {
        Take();
        Assert.True(_table.Doubt(_member.Address));
        Assert.False(_table.Doubt(_member.Address)); // once is enough
        Take();
        Assert.Null(_table.Dispute(_member.Address));
        Assert.False(Assert.Single(News()).Doubted);
    }

    [Fact]
    public void A_member_that_was_gone_comes_back_with_its_next_beat()
    {
        Take();
        _table.Doubt(_member.Address);
        while (_table.View.Size == 2)
            _table.Pass(Round);
        Assert.True(_table.Dispute(_member.Address)?.Doubted);
        Take();
        Assert.Equal(2, _table.View.Size);
    }

    [Fact]
    public void A_node_that_stood_still_blames_nobody_for_it()
    {
        Take();
        _table.Doubt(_member.Address);
        Assert.Empty(_table.Pass(TimeSpan.FromHours(1)));
        Assert.Equal(2, _table.View.Size);
    }

    [Fact]
    public void News_is_told_twice_and_then_no_more()
    {
        Take();
        Assert.Equal([1, 1, 0], Enumerable.Range(0, 3).Select(_ => News().Count));
        Take();
        Assert.Single(News());
        Take();
        Assert.Equal([1, 1, 0], Enumerable.Range(0, 3).Select(_ => News().Count));
    }

    [Fact]
    public void What_was_said_before_a_goodbye_does_not_revive_a_member()
    {
        var before = _heartbeat.Next();
        Take();
        _table.Take(_member.Address, MemberState.Sign(_member, 9, left: true, before.Anchor), TimeSpan.Zero);
        Assert.Equal(1, _table.View.Size);
        Assert.Equal(MemberTable.Verdict.Known, _table.Judge(_member.Address, before, out _));
        for (var i = 0; i < 30; i++)
            _table.Pass(Round);
        Assert.Equal(MemberTable.Verdict.Known, _table.Judge(_member.Address, before, out _));
    }

    [Fact]
    public void Nobody_hears_of_a_member_first_by_a_doubt()
    {
        var doubt = _heartbeat.Next();
        doubt.Doubted = true;
        Assert.Equal(MemberTable.Verdict.Known, _table.Judge(_member.Address, doubt, out _));
    }

    [Fact]
    public void Of_two_views_only_the_difference_is_told()
    {
        var other = new MemberTable(_self.Address, _options, new MembershipPace(_options));
        foreach (var state in Others(400))
        {
            _table.Take(new NodeAddress(state.Address.Span), state, TimeSpan.Zero);
            other.Take(new NodeAddress(state.Address.Span), state, TimeSpan.Zero);
        }
        Take();
        Assert.NotEqual(_table.View.Hash, other.View.Hash);
        var theirs = other.View.Buckets(other.View.BucketCount);
        var told = _table.Difference(theirs, 128, out var hasMore);
        Assert.False(hasMore);
        Assert.InRange(told.Count, 1, 40);
        Assert.Contains(told, member => member.Address.Span.SequenceEqual(_member.Address.ToBytes()));
    }

    [Fact]
    public void A_node_that_knows_nobody_is_told_of_all_in_parts()
    {
        foreach (var state in Others(100))
            _table.Take(new NodeAddress(state.Address.Span), state, TimeSpan.Zero);
        var newcomer = new MemberTable(_self.Address, _options, new MembershipPace(_options));
        var parts = 0;
        for (var hasMore = true; hasMore && parts < 10; parts++)
        {
            foreach (var member in _table.Difference(newcomer.View.Buckets(newcomer.View.BucketCount), 30, out hasMore))
                newcomer.Take(new NodeAddress(member.Address.Span), member, TimeSpan.Zero);
        }
        Assert.Equal((101, _table.View.Hash), (newcomer.View.Size, newcomer.View.Hash));
        Assert.InRange(parts, 4, 9);
    }

    public void Dispose()
    {
        _self.Dispose();
        _member.Dispose();
    }

    private void Take() => _table.Take(_member.Address, _heartbeat.Next(), TimeSpan.Zero);

    private static IEnumerable<Member> Others(int count)
    {
        var anchor = ByteString.CopyFrom(new byte[32]);
        for (var i = 0; i < count; i++)
        {
            using var identity = NodeIdentity.Generate();
            yield return MemberState.Sign(identity, 1, left: false, anchor);
        }
    }

    private List<Member> News() => _table.News(100);

    private MemberTable Passed()
    {
        _table.Pass(Round);
        return _table;
    }
}
