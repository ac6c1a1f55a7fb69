namespace Meshara.Node.Routing;

/// <summary>When to stop waiting for a mesh that does not answer.</summary>
internal sealed partial class Topology
{
    private long _started;
    private bool _wasMember;
    private volatile bool _isLoneBootstrap;

    /// <summary>
    /// Declares the node ready without its mesh, so that messages are accepted and wait. This applies to a node that has lost
    /// its mesh, and to the first node of a mesh, which the bootstrap list names. A node that has never seen its mesh keeps
    /// waiting, because its settings may be wrong.
    /// </summary>
    private void DoWithout(string failure)
    {
        if (_time.GetElapsedTime(_started) < _options.AloneAfter)
            return;
        if (_wasMember)
        {
            if (_joined.TrySetResult())
                Log.MeshNotFound(_logger, failure);
        }
        else if (_ownEndpoints.Count > 0)
        {
            BeAlone();
        }
    }

    private void BeAlone()
    {
        _isLoneBootstrap = !_wasMember;
        if (_joined.TrySetResult())
            Log.Alone(_logger);
    }
}
