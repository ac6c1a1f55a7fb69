using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Hosting;
using Meshara.AppHost.Local;
using Meshara.Harness;

namespace Meshara.AppHost.Resources;

/// <summary>Adds the nodes, each a resource of its own: replicas would share one endpoint, and a scrape of it would mix them.</summary>
internal static class MeshNodeExtensions
{
    /// <summary>Where a node listens in its container: for peers, for its API, for Prometheus.</summary>
    public const int MeshPort = 8443, HttpPort = 8080, MetricsPort = 9090;

    private const string Loopback = "127.0.0.1";

    /// <summary>Adds every node of the stack, node-1 first.</summary>
    public static IReadOnlyList<IResourceBuilder<IMeshNodeResource>> AddMesh(
        this IDistributedApplicationBuilder builder, MeshPlan plan, MeshSecrets secrets, IResourceBuilder<JaegerResource>? jaeger)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(plan);
        builder.AddMeshNetwork(plan);
        var nodes = new List<IResourceBuilder<IMeshNodeResource>>();
        foreach (var node in plan.Stack.Nodes)
            nodes.Add(builder.AddMeshNode(node, plan, secrets, nodes, jaeger));
        return nodes;
    }

    /// <summary>Adds a node.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="node">Which node of the stack.</param>
    /// <param name="plan">What is run.</param>
    /// <param name="secrets">What its API asks for.</param>
    /// <param name="before">The nodes before it, among them those it joins through.</param>
    /// <param name="jaeger">Where its traces go.</param>
    public static IResourceBuilder<IMeshNodeResource> AddMeshNode(
        this IDistributedApplicationBuilder builder, StackNode node, MeshPlan plan, MeshSecrets secrets,
        IReadOnlyList<IResourceBuilder<IMeshNodeResource>> before, IResourceBuilder<JaegerResource>? jaeger)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(before);
        var runs = builder.ExecutionContext.IsRunMode;
        var added = runs ? builder.AddProcess(node, plan) : builder.AddNodeContainer(node, plan, secrets);
        added.WithArgs("run")
            .WithEnvironment("Node__Name", node.Name)
            .WithEnvironment("Mesh__Bootstrap", string.Join(',', node.Bootstrap))
            .WithHttpProbe(ProbeType.Liveness, "/health", initialDelaySeconds: 10, periodSeconds: 10, endpointName: "http")
            .WithHttpProbe(ProbeType.Readiness, "/ready", initialDelaySeconds: 5, periodSeconds: 5, endpointName: "http");
        foreach (var peer in before.Where(peer => node.Bootstrap.Contains($"meshara://{peer.Resource.Name}")))
        {
            added.WithEnvironment($"services__{peer.Resource.Name}__{Stack.MeshEndpoint}__0", peer.Resource.Mesh);
            added.WaitFor(peer);
        }

        // While it runs, the standard's variables belong to Aspire's dashboard.
        if (jaeger is not null)
            added.WithEnvironment(runs ? "MESHARA_OTLP_TRACES_ENDPOINT" : "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", jaeger.Resource.OtlpGrpc);
        return added;
    }

    private static IResourceBuilder<IMeshNodeResource> AddProcess(this IDistributedApplicationBuilder builder, StackNode node, MeshPlan plan) =>
        builder.AddResource(new MeshNodeProcessResource(node, Locations.NodeExecutable(), plan.Repository))
            .WithEndpoint(node.MeshPort, node.MeshPort, "tcp", Stack.MeshEndpoint, isProxied: false)
            // Through the orchestrator's proxies: the tunnel to a port that the node itself opens does not outlive the node.
            .WithHttpEndpoint(node.HttpPort, name: "http", env: "Api__Port")
            .WithHttpEndpoint(node.MetricsPort, name: "metrics", env: "Metrics__Port")
            .WithEnvironment("Node__DataDirectory", plan.Files.Node(node.Name))
            .WithEnvironment("Mesh__Listen", Address(Loopback, node.HiddenMeshPort))
            .WithEnvironment("Mesh__Advertise", Address(Loopback, node.MeshPort))
            .WithEnvironment("Api__Host", Loopback)
            .WithEnvironment("MESHARA_LOG_DIR", plan.Files.NodeLogs)
            .WithEnvironment("Delivery__DrainTimeout", "00:00:02")
            .WithEnvironment("DOTNET_ROOT", Locations.DotnetRoot())
            // A mesh on one's own machine is for looking at: every trace is recorded.
            .WithEnvironment("DOTNET_ENVIRONMENT", "Development")
            .WithOtlpExporter()
            .WithUrlForEndpoint("http", url => (url.Url, url.DisplayText) = ("/health", $"{node.Name} – health"))
            .WithUrlForEndpoint("metrics", url => (url.Url, url.DisplayText) = ("/metrics", $"{node.Name} – metrics"))
            .WithMeshCommands(plan);

    private static IResourceBuilder<IMeshNodeResource> AddNodeContainer(this IDistributedApplicationBuilder builder, StackNode node, MeshPlan plan, MeshSecrets secrets)
    {
        var image = ContainerImage.Node.Split(':');
        return builder.AddResource(new MeshNodeContainerResource(node))
            .WithImage(image[0], image[1])
            .WithEndpoint(targetPort: MeshPort, scheme: "tcp", name: Stack.MeshEndpoint)
            .WithHttpEndpoint(node.HttpPort, HttpPort, "http")
            .WithHttpEndpoint(targetPort: MetricsPort, name: "metrics")
            .WithEnvironment("Node__DataDirectory", $"{ComposeExport.NodeFolder}/node")
            .WithEnvironment("Mesh__Listen", Address("0.0.0.0", MeshPort))
            .WithEnvironment("Mesh__Advertise", Address(node.Name, MeshPort))
            .WithEnvironment("Api__Host", "0.0.0.0")
            .WithEnvironment("Api__Port", Text(HttpPort))
            .WithEnvironment("Api__Token", secrets.ApiToken!)
            .WithEnvironment("MESHARA_TOKEN", secrets.ApiToken!)
            .WithEnvironment("Metrics__Port", Text(MetricsPort))
            .WithEnvironment("MESHARA_LOG_DIR", "/var/log/meshara")
            .WithVolume($"{node.Name}-data", ComposeExport.NodeFolder)
            .WithVolume(ComposeExport.LogVolume, "/var/log/meshara")
            .PublishNodeAsComposeService(node, plan);
    }

    private static string Address(string host, int port) => $"{host}:{Text(port)}";

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
