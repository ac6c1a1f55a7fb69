using Meshara.Node.Gossip;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Gossip;

public sealed class MembershipTests
{
    [Fact]
    public async Task Nodes_that_see_the_same_members_have_the_same_view()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(3);
        await mesh.AreAllConnectedAsync();

        await Eventually.TrueAsync(() => nodes.All(node => node.Get<Membership>().Size == 3), "everybody is known to everybody");

        Assert.Single(nodes.Select(node => node.Get<Membership>().ViewHash).Distinct());
    }
}
