using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Meshara.AppHost.Mesh;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Servers;
using Meshara.Harness;
using Meshara.Harness.Monitoring;

namespace Meshara.AppHost.Metrics;

internal static class PrometheusExtensions
{
    /// <summary>Where its configuration is in a container.</summary>
    public const string Folder = "/etc/prometheus";

    // Metrics of servers that may be left out. Jaeger has two endpoints: metrics derived from spans, and its own.
    private static readonly Exposition[] Exposed =
    [
        new(StackPart.Jaeger, "jaeger", 8889, ports => ports.SpanMetrics),
        new(StackPart.Jaeger, "jaeger", 8888, ports => ports.JaegerMetrics),
        new(StackPart.ElasticsearchExporter, "elasticsearch", 9114, ports => ports.ElasticsearchExporter),
        new(StackPart.Grafana, "grafana", 3000, ports => ports.Grafana),
    ];

    /// <summary>Adds Prometheus with the rules of <c>alerts/</c>.</summary>
    public static IResourceBuilder<IServerResource> AddPrometheus(this IDistributedApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var plan = builder.Plan();
        return builder.AddServer(
            StackPart.Prometheus,
            container => container
                .WithArgs([
                    $"--config.file={Folder}/prometheus.yml", "--storage.tsdb.path=/prometheus", .. PrometheusFolder.Retention,
                    "--web.enable-lifecycle", PrometheusFolder.ExternalUrl(plan.Listen(StackPart.Prometheus)),
                    // Changed rules take effect without a restart; changed targets do in any case.
                    "--enable-feature=auto-reload-config", "--config.auto-reload-interval=10s",
                ])
                .WithMeshVolume("/prometheus")
                .WithRepositoryFiles(Folder, "alerts/prometheus.yml")
                .WithRepositoryFiles($"{Folder}/rules", "alerts/rules"),
            // Prometheus rereads changed target files by itself; reloading the rules takes the lifecycle API.
            program => program.WithArgs([.. PrometheusFolder.Arguments(plan.Listen(StackPart.Prometheus)), "--web.enable-lifecycle"]))
            .WithPage("DataUsage", "Prometheus – targets", "/targets", ready: "/-/ready")
            .WithLink("Prometheus – alerts", "/alerts");
    }

    /// <summary>
    /// Makes Prometheus scrape the nodes, itself, Alertmanager and the other servers that run, and send its alerts to Alertmanager.
    /// </summary>
    public static IResourceBuilder<IServerResource> Scraping(
        this IResourceBuilder<IServerResource> prometheus, IResourceBuilder<MeshResource> mesh,
        IResourceBuilder<IServerResource> alertmanager, params IReadOnlyList<IResourceBuilder<IServerResource>> others)
    {
        ArgumentNullException.ThrowIfNull(prometheus);
        ArgumentNullException.ThrowIfNull(mesh);
        if (prometheus.Resource.Actual is null)
            return prometheus;
        // Prometheus must not wait for the nodes: it has to report those that do not start.
        foreach (var node in mesh.Resource.Nodes)
            prometheus.WithReferenceRelationship(node);
        prometheus.StartAfter(alertmanager);
        var builder = prometheus.ApplicationBuilder;
        if (prometheus.Resource is ServerContainer container)
            builder.CreateResourceBuilder(container).WithTargets(mesh.Resource, alertmanager, others);
        if (prometheus.Resource is ServerProgram program)
            builder.CreateResourceBuilder(program).WithTargets(builder.Plan(), alertmanager, others);
        return prometheus;
    }

    private static void WithTargets(
        this IResourceBuilder<ServerProgram> prometheus, MeshPlan plan,
        IResourceBuilder<IServerResource> alertmanager, IReadOnlyList<IResourceBuilder<IServerResource>> others)
    {
        var alerts = prometheus.Reaches(alertmanager) ? plan.Listen(StackPart.Alertmanager) : null;
        prometheus.WithFolder(folder => PrometheusFolder.Write(
            plan.File("alerts"), folder, plan.Stack, "127.0.0.1", plan.Listen(StackPart.Prometheus), alerts,
            Scraped(prometheus, others, each => $"127.0.0.1:{each.HostPort(plan.Stack.Ports)}")));
    }

    private static IReadOnlyList<(string Job, string Target)> Scraped(
        IResourceBuilder<IServerResource> prometheus, IReadOnlyList<IResourceBuilder<IServerResource>> others, Func<Exposition, FormattableString> target) =>
    [
        .. Exposed.Where(each => others.Any(other => other.Resource.Part == each.Part && prometheus.Reaches(other)))
            .Select(each => (each.Job, target(each).ToString(CultureInfo.InvariantCulture))),
    ];

    private static void WithTargets(
        this IResourceBuilder<ServerContainer> prometheus, MeshResource mesh,
        IResourceBuilder<IServerResource> alertmanager, IReadOnlyList<IResourceBuilder<IServerResource>> others)
    {
        var cluster = prometheus.ApplicationBuilder.ExecutionContext.IsRunMode ? Stack.Cluster : Stack.ExportedCluster;
        prometheus.WithContainerFiles($"{Folder}/targets", async (_, cancellationToken) =>
        {
            var targets = new Dictionary<string, string>();
            foreach (var node in mesh.Nodes)
                targets[node.Name] = await TargetAsync(prometheus.Resource, node, cancellationToken);
            var alerts = prometheus.Reaches(alertmanager) ? "alertmanager:9093" : null;
            return PrometheusFolder.Targets(cluster, targets, "localhost:9090", alerts,
                    Scraped(prometheus, others, each => $"{each.Part}:{each.Port}"))
                .Select(file => ConfigurationFiles.Item(file.Key, file.Value));
        });
    }

    // The address from inside the container: a local process through Aspire's tunnel, a container by its name.
    private static async Task<string> TargetAsync(ServerContainer prometheus, IMeshNodeResource node, CancellationToken cancellationToken)
    {
        if (node is MeshNodeContainer)
            return string.Create(CultureInfo.InvariantCulture, $"{node.Name}:{MeshNodeContainer.MetricsPort}");
        var context = new ValueProviderContext { Caller = prometheus, Network = KnownNetworkIdentifiers.DefaultAspireContainerNetwork };
        return await node.Metrics.Property(EndpointProperty.HostAndPort).GetValueAsync(context, cancellationToken)
            ?? throw new StackException($"{node.Name} cannot be reached from a container.");
    }

    /// <summary>A metrics endpoint of a server.</summary>
    private sealed record Exposition(StackPart Part, string Job, int Port, Func<StackPorts, int> HostPort);
}
