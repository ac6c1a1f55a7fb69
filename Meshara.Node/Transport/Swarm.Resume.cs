namespace Meshara.Node.Transport;

internal sealed partial class Swarm
{
    /// <summary>
    /// Reacts to a suspension of this node. Peers may have given up on it, which a connection does not always show, so each is
    /// pinged with a short timeout. Peers that were unreachable before may be reachable now.
    /// </summary>
    private void OnResumed(TimeSpan stoodStill)
    {
        _failures.Clear();
        _refusals.Clear();
        foreach (var connection in _all)
            connection.Probe();
    }
}
