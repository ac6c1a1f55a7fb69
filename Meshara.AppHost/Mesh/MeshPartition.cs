
using Meshara.Harness.Network;

namespace Meshara.AppHost.Mesh;

/// <summary>Tracks which nodes are cut off.</summary>
internal sealed class MeshPartition(FaultyNetwork network)
{
    private readonly Lock _gate = new();
    private readonly HashSet<int> _island = [];

    /// <summary>Cuts a node off from the rest of the mesh. The nodes that are cut off still reach each other.</summary>
    /// <returns>False if it was already cut off.</returns>
    public bool Cut(int node) => Change(() => _island.Add(node));

    /// <summary>Lets a node reach the others again.</summary>
    /// <returns>False if it was not cut off.</returns>
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
