using Meshara.Node.Clocks;

namespace Meshara.Node.Routing;

internal sealed partial class Topology
{
    private volatile bool _resumed;

    private void WatchClock(NodeClock clock) => clock.Resumed += _ =>
    {
        _resumed = true;
        Wake();
    };

    /// <summary>Makes everything due at once after a suspension: other nodes may have forgotten this one, or moved.</summary>
    private void CatchUp()
    {
        if (!_resumed)
            return;
        _resumed = false;
        _bootstrapPause = MinBootstrapPause;
        _bootstrapTried = 0;
        _refreshed = 0;
    }
}
