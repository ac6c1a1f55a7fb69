using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Meshara.Harness.Network;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.AppHost.Hosting;

/// <summary>Puts a network between the nodes that run here, so that a command can cut it.</summary>
internal static class MeshNetworkExtensions
{
    /// <summary>Registers it; it listens from just before the first resource starts until the host ends.</summary>
    public static void AddMeshNetwork(this IDistributedApplicationBuilder builder, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(plan);
        if (!builder.ExecutionContext.IsRunMode)
            return;
        builder.Services.AddSingleton<MeshObserver>();
        builder.Services.AddHostedService(services => services.GetRequiredService<MeshObserver>());
        builder.Services.AddSingleton<MeshPartition>();
        builder.Services.AddSingleton(services =>
        {
            // Asked for now: connections still come in while the application is taken down, when services cannot be had any more.
            var observer = services.GetRequiredService<MeshObserver>();
            return new FaultyNetwork(
                [.. plan.Stack.Nodes.Select(node => (node.Index, node.MeshPort, node.HiddenMeshPort))], () => observer.NodesByProcess, seed: 0, TimeProvider.System);
        });
        builder.Eventing.Subscribe<BeforeStartEvent>((@event, _) =>
        {
            @event.Services.GetRequiredService<FaultyNetwork>().Start();
            return Task.CompletedTask;
        });
    }
}
