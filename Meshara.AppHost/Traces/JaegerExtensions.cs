using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Logs;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Servers;
using Meshara.Harness;

namespace Meshara.AppHost.Traces;

internal static class JaegerExtensions
{
    private static readonly StackPart Cleaner = new("trace-cleaner", ContainerImage.JaegerCleaner, 64, 0.2) { Programs = [], Install = "" };

    private const int HealthPort = 13133;
    private const string Folder = "/etc/jaeger";
    private const string InMemory = "memory.yaml", InElasticsearch = "jaeger.yaml";

    /// <summary>Adds Jaeger. It stores traces in Elasticsearch if it can reach it, otherwise in memory.</summary>
    public static IResourceBuilder<IServerResource> AddJaeger(this IDistributedApplicationBuilder builder, LogStore logs)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(logs);
        var plan = builder.Plan();
        var configuration = plan.AreTogether(StackPart.Jaeger, StackPart.Elasticsearch) ? InElasticsearch : InMemory;
        var jaeger = builder.AddServer(
            StackPart.Jaeger,
            container => container
                .WithRepositoryFiles(Folder, $"tracing/{configuration}")
                .WithRepositoryFiles(Folder, "tracing/ui.json")
                .WithArgs("--config", $"{Folder}/{configuration}")
                .WithHttpEndpoint(targetPort: HealthPort, name: "health")
                .WithHttpProbe(ProbeType.Readiness, "/status", endpointName: "health"),
            program => program
                .WithFolder(folder => Write(plan, configuration, folder))
                .WithArgs("--config", configuration)
                .WithHttpEndpoint(plan.Stack.Ports.JaegerHealth, plan.Stack.Ports.JaegerHealth, "health", isProxied: false)
                .WithHttpProbe(ProbeType.Readiness, "/status", endpointName: "health"))
            .WithPage("Timeline", "Jaeger – traces", "/search?service=meshara")
            .WithLink("Jaeger – monitor", "/monitor");
        return configuration == InElasticsearch ? jaeger.WithLogStore(logs).WaitForServer(logs.Server) : jaeger;
    }

    /// <summary>Adds Jaeger's index cleaner, if traces are stored in an Elasticsearch in a container: Jaeger itself deletes none.</summary>
    public static void AddTraceCleaner(this IDistributedApplicationBuilder builder, LogStore logs)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(logs);
        var plan = builder.Plan();
        if (!plan.AreTogether(StackPart.Jaeger, StackPart.Elasticsearch) || !logs.Server.Resource.IsContainer)
            return;
        builder.AddContainer(new ServerContainer(Cleaner, Cleaner.Name), Cleaner, plan)
            .WithRepositoryFiles("/clean", "tracing/clean.sh").WithEntrypoint("sh").WithArgs("/clean/clean.sh")
            .WithLogStore(logs).WithIconName("Broom").WaitForServer(logs.Server);
    }

    /// <summary>Feeds Jaeger's Monitor tab from Prometheus.</summary>
    public static IResourceBuilder<IServerResource> WithMetricsFrom(
        this IResourceBuilder<IServerResource> jaeger, IResourceBuilder<IServerResource> prometheus) =>
        jaeger.Reaches(prometheus) ? jaeger.WithEnvironment("PROMETHEUS_URL", prometheus.Resource.Http) : jaeger;

    private static void Write(MeshPlan plan, string configuration, string folder)
    {
        var (part, scheme) = (StackPart.Jaeger, plan.Stack.Ports);
        var ports = part.Endpoints.ToDictionary(endpoint => endpoint.Port, endpoint => endpoint.HostPort(scheme));
        (ports[HealthPort], ports[16685], ports[8888], ports[8889]) =
            (scheme.JaegerHealth, scheme.JaegerGrpc, scheme.JaegerMetrics, scheme.SpanMetrics);
        var text = File.ReadAllText(plan.File($"tracing/{configuration}"))
            .Replace($"{Folder}/", plan.File("tracing") + "/", StringComparison.Ordinal);
        EndpointsFile.WriteAtomically(Path.Combine(folder, configuration), LocalConfiguration.WithLocalListeners(text, ports));
    }
}
