namespace Meshara.Node.Transport;

internal sealed partial class Swarm
{
    /// <summary>
    /// The node stood still. Peers may have given up on it, which a connection does not always show: each is asked for a sign of life,
    /// with little patience. What could not be reached before may be within reach now.
    /// </summary>
    private void OnResumed(TimeSpan stoodStill)
    {
        _failures.Clear();
        _refusals.Clear();
        foreach (var connection in _connections.Values)
            connection.Probe();
    }
}
