namespace Meshara.Node.Routing;

/// <summary>When a node stops waiting for a mesh that does not answer.</summary>
internal sealed partial class Topology
{
    private long _started;
    private bool _wasMember;
    private volatile bool _isLoneBootstrap;

    /// <summary>
    /// The users of a node that has lost its mesh are served as those of any other: their messages wait. The same holds for the first node
    /// of a mesh, which everybody, itself included, is told to join. A node that has never seen its mesh goes on waiting: its settings may
    /// be wrong.
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
