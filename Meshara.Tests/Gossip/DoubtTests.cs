using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Gossip;

/// <summary>Any node may doubt that a member is alive, so a doubt must be only a question.</summary>
public sealed class DoubtTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_false_accusation_removes_no_live_member()
    {
        // The two nodes behind the first are not connected to each other: they hear of an accusation, and of its answer, only from others.
        await using var mesh = new MeshFixture(
            ("Gossip:MemberTimeout", "00:00:06"), ("Gossip:MembershipInterval", "00:00:00.200"), ("Mesh:Advertise", "none"));
        var nodes = await mesh.StartManyAsync(3);
        Assert.False(nodes[1].IsConnectedTo(nodes[2]));
        await Eventually.TrueAsync(() => nodes.All(node => node.View.MembershipSize == 3), "everybody is known to everybody");
        await using var accuser = new LoneMember(2);
        var connection = await accuser.JoinAsync(nodes[1]);
        await Eventually.TrueAsync(() => nodes.All(node => node.View.MembershipSize == 4), "it belongs to the mesh, too");
        // For several times as long as a doubt may stay unanswered, always doubting the latest statement.
        for (var i = 0; i < 60; i++)
        {
            var accused = Latest(accuser.Told, nodes.Select(node => node.Address));
            accused.ForEach(member => member.Doubted = true);
            connection.TrySend(new Frame { Members = new Members { Members_ = { accused } } });
            Assert.All(nodes, node => Assert.Equal(4, node.View.MembershipSize));
            await Task.Delay(TimeSpan.FromMilliseconds(200), Cancel);
        }
        Assert.True(connection.IsOpen);
        Assert.Contains(accuser.Told, told => told.Members_.Any(member => Is(member, nodes[1].Address) && member.Beats > 5));
    }

    [Fact]
    public async Task A_member_that_is_asked_answers_that_it_is_alive()
    {
        await using var mesh = new MeshFixture(("Gossip:MembershipInterval", "00:10:00"));
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(node);
        await Eventually.TrueAsync(() => Said().Count == 1, "it says who it is");
        for (var i = 0; i < 2; i++)
        {
            var doubt = new Member(Said()[0]) { Doubted = true };
            connection.TrySend(new Frame { Members = new Members { Members_ = { doubt } } });
        }
        await Eventually.TrueAsync(() => Said().Count == 3, "it answers both");
        // One beat answers both doubts, since it is newer than what they question.
        Assert.Equal([1u, 2u, 2u], Said().Select(member => member.Beats));
        Assert.True(MemberState.IsAuthentic(Said()[2], Said()[0]));

        List<Member> Said() => [.. peer.Frames.Select(entry => entry.Frame.Members).OfType<Members>().SelectMany(told => told.Members_)];
    }

    [Fact]
    public async Task A_doubt_of_something_old_is_answered_with_what_is_newer()
    {
        await using var mesh = new MeshFixture(("Gossip:MembershipInterval", "00:10:00"));
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        using var identity = NodeIdentity.Generate();
        var heartbeat = new Heartbeat(identity, 7);
        var (first, second) = (heartbeat.Next(), heartbeat.Next());
        var connection = await peer.JoinAsync(node);
        connection.TrySend(new Frame { Members = new Members { Members_ = { first, second } } });
        connection.TrySend(new Frame { Members = new Members { Members_ = { new Member(first) { Doubted = true } } } });
        await Eventually.TrueAsync(
            () => peer.Frames.Any(entry => entry.Frame.Members?.Members_.Contains(second) == true), "it is told what is newer");
    }

    private static bool Is(Member member, NodeAddress address) => member.Address.Span.SequenceEqual(address.ToBytes());

    private static List<Member> Latest(IEnumerable<Members> told, IEnumerable<NodeAddress> of)
    {
        var all = told.SelectMany(members => members.Members_).ToList();
        return [.. of.Select(address => all.Where(member => Is(member, address)).MaxBy(member => (member.Heartbeat, member.Beats)))
            .OfType<Member>().Select(member => member.Clone())];
    }
}
