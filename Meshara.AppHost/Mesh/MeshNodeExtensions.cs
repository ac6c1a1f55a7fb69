using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Export;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Servers;
using Meshara.Harness;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.AppHost.Mesh;

/// <summary>Adds a node: a process on this machine when the stack runs, a container when it is exported.</summary>
internal static class MeshNodeExtensions
{
    private const string Loopback = "127.0.0.1";

    // In milliseconds. Aspire's default of one second costs each node as much CPU as all its messages at the default rate.
    private const string MetricInterval = "10000";

    // All nodes of an export share one in-memory log volume (ComposeExport). It must hold every file that each node keeps,
    // plus one deleted file that Filebeat still has open.
    private const int LogFiles = 4, LogVolumeBytes = 256 * 1024 * 1024;

    // A minute in milliseconds, in hexadecimal as the runtime reads it.
    private const string Minute = "EA60";

    /// <summary>Adds a node.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="node">Its place in the stack.</param>
    /// <param name="plan">The plan.</param>
    public static IResourceBuilder<IMeshNodeResource> AddMeshNode(
        this IDistributedApplicationBuilder builder, StackNode node, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(node);
        IResourceBuilder<IMeshNodeResource> added =
            builder.ExecutionContext.IsRunMode ? builder.AddProcess(node, plan) : builder.AddNodeContainer(node);
        return added.WithArgs("run").WithEnvironment("Node__Name", node.Name);
    }

    /// <summary>Names a node's bootstrap peers. None of them has to run first: a node tries until one answers.</summary>
    public static void Joining(this IResourceBuilder<IMeshNodeResource> node, IReadOnlyList<IResourceBuilder<IMeshNodeResource>> peers)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(peers);
        node.WithEnvironment("Mesh__Bootstrap", string.Join(',', peers.Select(peer => $"meshara://{peer.Resource.Name}")));
        foreach (var peer in peers)
        {
            node.WithEnvironment($"services__{peer.Resource.Name}__{Stack.MeshEndpoint}__0", peer.Resource.Mesh)
                .WithReferenceRelationship(peer.Resource);
        }
    }

    private static IResourceBuilder<MeshNodeProcess> AddProcess(this IDistributedApplicationBuilder builder, StackNode node, MeshPlan plan)
    {
        var check = new NodeReadiness(node);
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            $"{node.Name}-ready", _ => check, HealthStatus.Unhealthy, tags: null, NodeReadiness.Timeout));
        return builder.AddResource(new MeshNodeProcess(node))
            .WithAnnotation(new Projects.Meshara_Node())
            .WithProjectDefaults(new ProjectResourceOptions { ExcludeLaunchProfile = true, ExcludeKestrelEndpoints = true })
            .WithAnnotation(new ExecutableAnnotation { Command = Locations.NodeExecutable(), WorkingDirectory = plan.Repository })
            .WithoutHttpsCertificate()
            .WithIconName("Server")
            .WithHealthCheck($"{node.Name}-ready")
            .WithEndpoint(node.MeshPort, node.MeshPort, "tcp", Stack.MeshEndpoint, isProxied: false)
            .WithNodeEndpoint(plan, node.HttpPort, "http", "Api__Port")
            .WithNodeEndpoint(plan, node.MetricsPort, "metrics", "Metrics__Port")
            .WithEnvironment("Node__DataDirectory", plan.Files.Node(node.Name))
            .WithEnvironment("Mesh__Listen", Address(Loopback, node.HiddenMeshPort))
            .WithEnvironment("Mesh__Advertise", Address(Loopback, node.MeshPort))
            .WithEnvironment("Api__Host", Loopback)
            .WithEnvironment("MESHARA_LOG_DIR", plan.Files.NodeLogs)
            .WithEnvironment("Delivery__DrainTimeout", "00:00:02")
            .WithEnvironment("DOTNET_ROOT", Locations.DotnetRoot())
            .WithEnvironment("OTEL_METRIC_EXPORT_INTERVAL", MetricInterval)
            // A local mesh is for inspection: record every trace, except where the traffic resource decided not to sample.
            .WithEnvironment("DOTNET_ENVIRONMENT", "Development")
            .WithEnvironment("OTEL_TRACES_SAMPLER", "parentbased_always_on")
            .WithLateCompilation(plan)
            .WithUrlForEndpoint("http", url => (url.Url, url.DisplayText) = ("/health", "Health"))
            .WithUrlForEndpoint("http", _ => new ResourceUrlAnnotation { Url = "/openapi/v1.json", DisplayText = "API document" })
            .WithUrlForEndpoint("metrics", url => (url.Url, url.DisplayText) = ("/metrics", "Metrics"))
            .WithNodeCommands(plan);
    }

    private static IResourceBuilder<MeshNodeContainer> AddNodeContainer(this IDistributedApplicationBuilder builder, StackNode node)
    {
        var image = ContainerImage.Node.Split(':');
        var token = builder.Resources.OfType<ParameterResource>().FirstOrDefault(parameter => parameter.Name == "api-token")
            ?? builder.AddSecret("api-token").Resource;
        return builder.AddResource(new MeshNodeContainer(node))
            .WithImage(image[0], image[1])
            .WithEndpoint(targetPort: MeshNodeContainer.MeshPort, scheme: "tcp", name: Stack.MeshEndpoint)
            .WithHttpEndpoint(node.HttpPort, MeshNodeContainer.HttpPort, "http")
            .WithHttpEndpoint(targetPort: MeshNodeContainer.MetricsPort, name: "metrics")
            .WithHttpProbe(ProbeType.Liveness, "/health", initialDelaySeconds: 10, periodSeconds: 10, endpointName: "http")
            .WithHttpProbe(ProbeType.Readiness, "/ready", initialDelaySeconds: 5, periodSeconds: 5, endpointName: "http")
            .WithEnvironment("Node__DataDirectory", $"{ComposeExport.NodeFolder}/node")
            .WithEnvironment("Mesh__Listen", Address("0.0.0.0", MeshNodeContainer.MeshPort))
            .WithEnvironment("Mesh__Advertise", Address(node.Name, MeshNodeContainer.MeshPort))
            .WithEnvironment("Api__Host", "0.0.0.0")
            .WithEnvironment("Api__Port", Text(MeshNodeContainer.HttpPort))
            .WithEnvironment("Api__Token", builder.CreateResourceBuilder(token))
            .WithEnvironment("MESHARA_TOKEN", builder.CreateResourceBuilder(token))
            .WithEnvironment("Metrics__Port", Text(MeshNodeContainer.MetricsPort))
            .WithEnvironment("MESHARA_LOG_DIR", "/var/log/meshara")
            .WithEnvironment("Logs__MaxFiles", Text(LogFiles))
            .WithEnvironment("Logs__MaxFileBytes", Text(LogVolumeBytes / (builder.Plan().Stack.Nodes.Count * (LogFiles + 1))))
            .WithVolume($"{node.Name}-data", ComposeExport.NodeFolder)
            .WithVolume(ComposeExport.LogVolume, "/var/log/meshara")
            .PublishNodeAsComposeService(node, MeshNodeContainer.HttpPort);
    }

    /// <summary>
    /// When nodes start in turns, recompiling hot methods takes a third of the processors. This delays it until a node has
    /// called no new method for a minute, and recompiles each method only once.
    /// </summary>
    private static IResourceBuilder<MeshNodeProcess> WithLateCompilation(this IResourceBuilder<MeshNodeProcess> node, MeshPlan plan) =>
        plan.Stack.Nodes.Count <= StartProgress.AtOnce
            ? node
            : node.WithEnvironment("DOTNET_TieredPGO", "0").WithEnvironment("DOTNET_TC_CallCountingDelayMs", Minute);

    // On the node's own port, or behind the orchestrator's proxy if a container has to reach it.
    private static IResourceBuilder<MeshNodeProcess> WithNodeEndpoint(
        this IResourceBuilder<MeshNodeProcess> node, MeshPlan plan, int port, string name, string variable) =>
        node.WithHttpEndpoint(port, plan.IsScrapedFromContainer ? null : port, name, variable, isProxied: plan.IsScrapedFromContainer);

    private static string Address(string host, int port) => $"{host}:{Text(port)}";

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
