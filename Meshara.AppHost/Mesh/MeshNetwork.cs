using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;
using Meshara.Harness.Network;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.AppHost.Mesh;

/// <summary>Puts a network between the nodes that run here, so that a command can cut it.</summary>
internal static class MeshNetwork
{
    /// <summary>Registers it, and the observer that opens and closes a node's place in it.</summary>
    public static void AddMeshNetwork(this IDistributedApplicationBuilder builder, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(plan);
        builder.Services.AddSingleton<NodeProcesses>();
        builder.Services.AddSingleton<MeshPartition>();
        builder.Services.AddSingleton(services =>
        {
            // Asked for now: connections still come in while the application is taken down, when services cannot be had any more.
            var processes = services.GetRequiredService<NodeProcesses>();
            return new FaultyNetwork(
                [.. plan.Stack.Nodes.Select(node => (node.Index, node.MeshPort, node.HiddenMeshPort))],
                () => processes.NodesByProcess, seed: 0, TimeProvider.System);
        });
        builder.Services.AddStackService<MeshObserver>();
    }
}
