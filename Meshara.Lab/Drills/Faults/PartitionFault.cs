
using Meshara.Harness;
using Meshara.Harness.Network;

namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// Splits the nodes into two groups that cannot reach each other, for long enough that they notice. Alternates between dropped packets
/// (connections hang) and a rejecting firewall (connections break and dials are refused).
/// </summary>
internal sealed class PartitionFault(DrillOptions options) : IFault
{
    private readonly TimeSpan _beat = Rhythm.Beat(options);

    public bool NeedsNetwork => true;

    public Task PrepareAsync(DrillMesh mesh, CancellationToken stop) => OperatingSystem.IsLinux()
        ? Task.CompletedTask
        : throw new StackException("partition needs Linux: only there can the proxies between the nodes tell who dials.", LabExitCodes.NotPossibleHere);

    public async Task InjectAsync(DrillMesh mesh, CancellationToken over, CancellationToken stop)
    {
        var network = mesh.Network!;
        for (var breach = Breach.Silent; await mesh.PauseAsync(_beat * 2, over); breach = breach == Breach.Silent ? Breach.Rejecting : Breach.Silent)
        {
            var nodes = mesh.Nodes.ToArray();
            mesh.Random.Shuffle(nodes);
            var island = nodes[..mesh.Random.Next(1, (nodes.Length / 2) + 1)];
            var fault = mesh.Log.Begin($"{DrillMesh.Names(island.OrderBy(node => node.Index))} cut off from the others ({(breach == Breach.Silent ? "packets vanish" : "connections are refused")})");
            network.Split(island.Select(node => node.Index).ToHashSet(), breach);
            await mesh.PauseAsync(_beat * 2, over);
            network.Heal();
            mesh.Log.Heal(fault, "the network is whole again");
        }
    }
}
