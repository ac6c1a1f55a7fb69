using Meshara.Node.Protocol.Wire;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Gossip;

/// <summary>A node of the first version forgets a member that it has not heard of for ten seconds.</summary>
public sealed class FormerReleaseTests
{
    [Fact]
    public async Task A_peer_of_the_first_version_is_told_of_all_members_again_and_again()
    {
        await using var mesh = new MeshFixture(("Gossip:MembershipInterval", "00:00:00.200"));
        var nodes = await mesh.StartManyAsync(3);
        await Eventually.TrueAsync(() => nodes.All(node => node.View.MembershipSize == 3), "everybody is known to everybody");
        await using var former = new LoneMember(1);
        await former.JoinAsync(nodes[0]);
        await Eventually.TrueAsync(() => nodes.All(node => node.View.MembershipSize == 4), "everybody sees it");
        var already = former.Told.Count();
        await Eventually.TrueAsync(() => former.Told.Skip(already).Count(IsOfAll) >= 10, "it is told of everybody");

        Assert.All(former.Told, told => Assert.True(told.View == 0 && told.Buckets.Count == 0 && told.Members_.All(member => !member.Doubted)));
        // It keeps receiving heartbeats of all nodes, including those it is not connected to.
        var told = former.Told.Skip(already).Where(IsOfAll).ToList();
        Assert.All(nodes, node => Assert.True(BeatsOf(node, told[^1]) > BeatsOf(node, told[0]), "its heart has stopped"));

        bool IsOfAll(Members told) => nodes.All(node => told.Members_.Any(member => Is(member, node)));
    }

    private static uint BeatsOf(MeshPeer node, Members told) => told.Members_.Where(member => Is(member, node)).Max(member => member.Beats);

    private static bool Is(Member member, MeshPeer node) => member.Address.Span.SequenceEqual(node.Address.ToBytes());
}
