using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;
using Meshara.Harness.Network;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.AppHost.Mesh;

/// <summary>Puts proxies between the local nodes, so that commands can cut their connections.</summary>
internal static class MeshNetwork
{
    /// <summary>Registers the network, and the observer that opens and closes each node's proxy in it.</summary>
    public static void AddMeshNetwork(this IDistributedApplicationBuilder builder, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(plan);
        builder.Services.AddSingleton<NodeProcesses>();
        builder.Services.AddSingleton<MeshPartition>();
        builder.Services.AddSingleton(services =>
        {
            // Resolved here: connections still arrive during shutdown, when the service provider is already disposed.
            var processes = services.GetRequiredService<NodeProcesses>();
            return new FaultyNetwork(
                [.. plan.Stack.Nodes.Select(node => (node.Index, node.MeshPort, node.HiddenMeshPort))],
                () => processes.NodesByProcess, seed: 0, TimeProvider.System, identifiesAtOnce: false);
        });
        builder.Services.AddStackService<MeshObserver>();
    }
}
