
using Meshara.Harness.Network;

namespace Meshara.AppHost.Mesh;

/// <summary>Which nodes are cut off at present.</summary>
internal sealed class MeshPartition(FaultyNetwork network)
{
    private readonly Lock _gate = new();
    private readonly HashSet<int> _island = [];

    /// <summary>Cuts a node off from all that are not cut off. Those that are reach each other.</summary>
    /// <returns>False when it was already.</returns>
    public bool Cut(int node) => Change(() => _island.Add(node));

    /// <summary>Lets a node reach the others again.</summary>
    /// <returns>False when it did all the time.</returns>
    public bool Heal(int node) => Change(() => _island.Remove(node));

    private bool Change(Func<bool> change)
    {
        lock (_gate)
        {
            if (!change())
                return false;
            network.Heal();
            if (_island.Count > 0)
                network.Split([.. _island], Breach.Rejecting);
            return true;
        }
    }
}
