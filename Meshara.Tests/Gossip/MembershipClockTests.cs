using Meshara.Tests.Clocks;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Gossip;

public sealed class MembershipClockTests
{
    [Theory]
    [InlineData(6)]
    [InlineData(-6)]
    public async Task Nodes_whose_clocks_differ_by_minutes_have_the_same_view(int minutes)
    {
        await using var mesh = new MeshFixture();
        var clock = new TestClock { Offset = TimeSpan.FromMinutes(minutes) };
        var one = await mesh.StartAsync();
        var odd = await mesh.StartAsync(clock.Setting);
        await odd.BecomesReadyAsync();
        await Eventually.TrueAsync(() => one.View.MembershipSize == 2 && one.View.MembershipView == odd.View.MembershipView, "both have the same view");
    }

    [Fact]
    public async Task A_node_whose_clock_went_back_an_hour_is_still_heard()
    {
        await using var mesh = new MeshFixture(("Gossip:MemberTimeout", "01:00:00"));
        var clock = new TestClock();
        var one = await mesh.StartAsync();
        var odd = await mesh.StartAsync(clock.Setting);
        await odd.BecomesReadyAsync();
        await Eventually.TrueAsync(() => one.View.MembershipSize == 2, "both are known");
        clock.Offset = TimeSpan.FromHours(-1);
        var returned = await mesh.RestartAsync(odd);
        await returned.BecomesReadyAsync();
        await Eventually.TrueAsync(() => one.View.MembershipSize == 2, "it is back");
        await returned.StopAsync();
        await Eventually.TrueAsync(() => one.View.MembershipSize == 1, "its goodbye is heard");
    }
}
