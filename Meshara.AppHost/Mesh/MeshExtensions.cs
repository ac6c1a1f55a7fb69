using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Servers;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.AppHost.Mesh;

internal static class MeshExtensions
{
    // So that a node can join while one of them is down.
    private const int BootstrapPeers = 2;

    /// <summary>Adds a mesh of nodes. Each is its own resource: replicas share one endpoint, so a scrape would mix them.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The name of the nodes' parent resource.</param>
    /// <param name="nodes">Number of nodes; at most as many as the plan has.</param>
    public static IResourceBuilder<MeshResource> AddMesh(this IDistributedApplicationBuilder builder, string name, int nodes)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var plan = builder.Plan();
        var added = plan.Stack.Nodes.Take(nodes).Select(node => builder.AddMeshNode(node, plan)).ToList();

        // On this machine node-1 starts the mesh and each node bootstraps from earlier ones only, since later ones may still wait
        // for their turn to start. In an export any node may lose its volume and rejoin, so each bootstraps from the others.
        IEnumerable<IResourceBuilder<IMeshNodeResource>> Candidates(IResourceBuilder<IMeshNodeResource> node) =>
            builder.ExecutionContext.IsRunMode ? added.TakeWhile(other => other != node) : added.Where(other => other != node);
        foreach (var node in added)
            node.Joining([.. Candidates(node).Take(BootstrapPeers)]);
        var mesh = new MeshResource(name, [.. added.Select(node => node.Resource)]);
        if (!builder.ExecutionContext.IsRunMode)
            return builder.CreateResourceBuilder(mesh);

        builder.Services.AddSingleton<RunOutcome>();
        builder.Services.AddSingleton(services => new StartProgress(mesh.Nodes.Count, plan.Files, services.GetRequiredService<StatusConsole>(), TimeProvider.System));
        builder.Services.AddHostedService<StackLifetime>();
        // They stop in reverse order of registration: traffic, the nodes, their observers.
        builder.Services.AddStackService<ResourceLogs>();
        builder.AddMeshNetwork(plan);
        builder.Services.AddStackService<NodeShutdown>();
        builder.Services.AddStackService(services => ActivatorUtilities.CreateInstance<MeshStart>(services, mesh));
        builder.Services.AddStackService(services => ActivatorUtilities.CreateInstance<NodeHealthWatch>(services, mesh));
        builder.Services.AddStackService(services => ActivatorUtilities.CreateInstance<MeshPage>(services, mesh));
        var parent = builder.AddResource(mesh).ExcludeFromManifest().WithIconName("Molecule").WithUrl(MeshPage.Url(plan), "Map").WithInitialState(new CustomResourceSnapshot
        {
            ResourceType = "Mesh",
            State = KnownResourceStates.Starting,
            CreationTimeStamp = DateTime.UtcNow,
            Properties =
            [
                new(CustomResourceKnownProperties.Source, StackFiles.Shown(plan.Files.Data)),
                ResourceProperties.Shown("mesh.nodes", "Nodes", mesh.Nodes.Count),
            ],
        });
        foreach (var node in added)
        {
            node.WithParentRelationship(parent);
            builder.Eventing.Subscribe<BeforeResourceStartedEvent>(node.Resource, (starting, stop) =>
                starting.Services.GetRequiredService<StartProgress>().EnterAsync(node.Resource.Node.Index, stop));
        }
        return parent;
    }

    /// <summary>Sends every node's traces to Jaeger as well.</summary>
    public static IResourceBuilder<MeshResource> WithTraces(
        this IResourceBuilder<MeshResource> mesh, IResourceBuilder<IServerResource> jaeger)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(jaeger);
        if (jaeger.Resource.Actual is null)
            return mesh;
        // While the stack runs, Aspire sets the standard OTLP variables to point at its dashboard.
        var variable = mesh.ApplicationBuilder.ExecutionContext.IsRunMode
            ? "MESHARA_OTLP_TRACES_ENDPOINT"
            : "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        foreach (var node in mesh.Resource.Nodes)
            mesh.ApplicationBuilder.CreateResourceBuilder(node).WithEnvironment(variable, jaeger.Resource.Endpoint("otlp-grpc"));
        return mesh;
    }
}
