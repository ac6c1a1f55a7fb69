using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Servers;
using Meshara.Harness;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.AppHost.Mesh;

/// <summary>Adds the mesh.</summary>
internal static class MeshExtensions
{
    /// <summary>
    /// Adds a mesh of nodes, each a resource of its own: replicas would share one endpoint, and a scrape of it would mix them.
    /// </summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The name of the resource that holds them together.</param>
    /// <param name="nodes">How many; as many as the plan has ports for.</param>
    public static IResourceBuilder<MeshResource> AddMesh(this IDistributedApplicationBuilder builder, string name, int nodes)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var plan = builder.Plan();
        var added = new List<IResourceBuilder<IMeshNodeResource>>();
        foreach (var node in plan.Stack.Nodes.Take(nodes))
            added.Add(builder.AddMeshNode(node, plan, added));
        var mesh = new MeshResource(name, [.. added.Select(node => node.Resource)]);
        if (!builder.ExecutionContext.IsRunMode)
            return builder.CreateResourceBuilder(mesh);

        builder.Services.AddSingleton<RunOutcome>();
        builder.Services.AddHostedService<StackLifetime>();
        // They stop in the opposite order: traffic, the nodes, and then what watches them.
        builder.Services.AddStackService<ResourceLogs>();
        builder.AddMeshNetwork(plan);
        builder.Services.AddStackService<NodeShutdown>();
        builder.Services.AddStackService(services => ActivatorUtilities.CreateInstance<MeshStart>(services, mesh));
        builder.Services.AddStackService(services => ActivatorUtilities.CreateInstance<NodeHealthWatch>(services, mesh));
        var parent = builder.AddResource(mesh).ExcludeFromManifest().WithIconName("Molecule").WithInitialState(new CustomResourceSnapshot
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
            node.WithParentRelationship(parent);
        return parent;
    }

    /// <summary>Sends the traces of every node to Jaeger, too.</summary>
    public static IResourceBuilder<MeshResource> WithTraces(
        this IResourceBuilder<MeshResource> mesh, IResourceBuilder<IServerResource> jaeger)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(jaeger);
        if (jaeger.Resource.Actual is null)
            return mesh;
        // While the stack runs, the standard's variables belong to Aspire's dashboard.
        var variable = mesh.ApplicationBuilder.ExecutionContext.IsRunMode
            ? "MESHARA_OTLP_TRACES_ENDPOINT"
            : "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        foreach (var node in mesh.Resource.Nodes)
            mesh.ApplicationBuilder.CreateResourceBuilder(node).WithEnvironment(variable, jaeger.Resource.Endpoint("otlp-grpc"));
        return mesh;
    }
}
