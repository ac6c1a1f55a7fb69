using Meshara.Node.Gossip;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Gossip;

public sealed class MembershipTests
{
    private static readonly (string, string)[] Quick = [("Gossip:MembershipInterval", "00:00:00.200"), ("Gossip:MemberTimeout", "00:00:03")];

    [Fact]
    public async Task Nodes_that_see_the_same_members_have_the_same_view()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(3);
        await mesh.AreAllConnectedAsync();

        await Eventually.TrueAsync(() => nodes.All(node => node.Get<Membership>().Size == 3), "everybody is known to everybody");

        Assert.Single(nodes.Select(node => node.Get<Membership>().ViewHash).Distinct());
    }

    [Fact]
    public async Task Views_agree_after_members_have_left_come_and_been_restarted()
    {
        await using var mesh = new MeshFixture(Quick);
        var nodes = (await mesh.StartManyAsync(7)).ToList();
        await AgreeAsync(nodes);
        await Task.WhenAll(nodes[5].StopAsync(), nodes[6].StopAsync());
        nodes.RemoveRange(5, 2);
        nodes.AddRange(await mesh.StartManyAsync(2));
        nodes[1] = await mesh.RestartAsync(nodes[1]);
        await AgreeAsync(nodes);
    }

    /// <summary>
    /// No node can be dialled, so the mesh is a chain with the proxy in the middle: outer nodes hear of those beyond it only from others.
    /// </summary>
    [Fact]
    public async Task A_partition_makes_two_views_and_heals_to_one()
    {
        await using var mesh = new MeshFixture([
            .. Quick, ("Mesh:Advertise", "none"), ("Routing:BootstrapInterval", "00:00:01"), ("Transport:HandshakeTimeout", "00:00:03"),
            ("Transport:HeartbeatInterval", "00:00:00.500"), ("Transport:MinHeartbeatTimeout", "00:00:02"), ("Transport:MaxHeartbeatTimeout", "00:00:02")]);
        var left = await mesh.StartAsync();
        var leftEnd = await mesh.StartAsync([left]);
        await using var cable = new FreezableProxy(left.Bound);
        var right = await mesh.StartAsync(("Mesh:Bootstrap", $"tcp://{cable.Endpoint}"));
        var rightEnd = await mesh.StartAsync([right]);
        await AgreeAsync([left, leftEnd, right, rightEnd]);

        cable.Freeze();
        await Task.WhenAll(AgreeAsync([left, leftEnd]), AgreeAsync([right, rightEnd]));
        Assert.NotEqual(left.View.MembershipView, right.View.MembershipView);

        cable.Thaw();
        await AgreeAsync([left, leftEnd, right, rightEnd]);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    public async Task A_member_that_vanishes_is_removed_by_everyone(uint version)
    {
        await using var mesh = new MeshFixture(("Gossip:MembershipInterval", "00:00:00.200"));
        var nodes = await mesh.StartManyAsync(3);
        await using (var member = new LoneMember(version))
        {
            await member.JoinAsync(nodes[0]);
            await Eventually.TrueAsync(() => nodes.All(node => node.View.MembershipSize == 4), "everybody sees it");
        }
        await AgreeAsync(nodes);
    }

    private static Task AgreeAsync(IReadOnlyCollection<MeshPeer> nodes) => Eventually.TrueAsync(
        () => nodes.All(node => node.View.MembershipSize == nodes.Count) && nodes.Select(node => node.View.MembershipView).Distinct().Count() == 1,
        $"{nodes.Count} nodes see each other and nobody else");
}
