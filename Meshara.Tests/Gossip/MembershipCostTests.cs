using Meshara.Node.Gossip;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Gossip;

public sealed class MembershipCostTests
{
    // Recently signed states are sent in full for ten seconds.
    private const int RoundsToSettle = 120;
    private const int Rounds = 60;

    /// <summary>
    /// Four times as many members send as many heartbeats. A late round counts at most twice. On a busy machine that doubles the
    /// figure of a large mesh, while in a small one each member beats once per round.
    /// </summary>
    [Fact]
    public async Task What_a_node_tells_of_members_at_rest_does_not_grow_with_the_mesh()
    {
        var (few, many) = (await BytesOfARoundAsync(8), await BytesOfARoundAsync(32));
        TestContext.Current.TestOutputHelper?.WriteLine($"{few:0} and {many:0} bytes a node and round");
        Assert.InRange(many / few, 0.2, 3);
    }

    private static async Task<double> BytesOfARoundAsync(int count)
    {
        await using var mesh = new MeshFixture(("Gossip:MembershipInterval", "00:00:00.100"));
        var members = (await mesh.StartManyAsync(count)).Select(node => node.Get<Membership>()).ToList();
        await Eventually.TrueAsync(() => members.All(member => member.Size == count), "everybody is known to everybody");
        await PassAsync(RoundsToSettle);
        var (rounds, bytes) = (members.Sum(member => member.Rounds), members.Sum(member => member.BytesTold));
        await PassAsync(Rounds);
        return (double)(members.Sum(member => member.BytesTold) - bytes) / (members.Sum(member => member.Rounds) - rounds);

        async Task PassAsync(int rounds)
        {
            var before = members.ConvertAll(member => member.Rounds);
            await Eventually.TrueAsync(() => members.Zip(before).All(pair => pair.First.Rounds - pair.Second >= rounds), "rounds pass");
        }
    }
}
