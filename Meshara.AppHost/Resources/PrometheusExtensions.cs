using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Hosting;
using Meshara.Harness;
using Meshara.Harness.Monitoring;

namespace Meshara.AppHost.Resources;

/// <summary>Adds Prometheus.</summary>
internal static class PrometheusExtensions
{
    private const string Folder = "/etc/prometheus";

    /// <summary>Adds Prometheus with the rules of <c>alerts/</c>; null when it is left out.</summary>
    public static IResourceBuilder<PrometheusResource>? AddPrometheus(this IDistributedApplicationBuilder builder, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Has(StackPart.Prometheus)
            ? builder.AddPart(new PrometheusResource(StackPart.Prometheus.Name), StackPart.Prometheus, plan)
                .WithArgs(
                    $"--config.file={Folder}/prometheus.yml",
                    "--storage.tsdb.path=/prometheus",
                    "--storage.tsdb.retention.time=15d",
                    "--storage.tsdb.retention.size=1GB",
                    "--enable-feature=exemplar-storage",
                    // Files of targets that are rewritten are read by themselves; this is for the rules.
                    "--web.enable-lifecycle")
                .WithMeshVolume(plan, "/prometheus")
                .WithRepositoryFiles(Folder, plan, "alerts/prometheus.yml")
                .WithRepositoryFiles($"{Folder}/rules", plan, "alerts/rules")
                .WithHttpProbe(ProbeType.Readiness, "/-/ready")
                .WithPage("Prometheus – targets", "/targets")
                .WithLink("Prometheus – alerts", "/alerts")
            : null;
    }

    /// <summary>Scrapes the nodes and servers, and hands its alerts on.</summary>
    public static IResourceBuilder<PrometheusResource>? Scraping(
        this IResourceBuilder<PrometheusResource>? prometheus,
        MeshPlan plan,
        IReadOnlyList<IResourceBuilder<IMeshNodeResource>> nodes,
        IResourceBuilder<AlertmanagerResource>? alertmanager,
        IResourceBuilder<JaegerResource>? jaeger)
    {
        if (prometheus is null)
            return null;
        // A node that does not come up is what Prometheus is there to tell of.
        foreach (var node in nodes)
            prometheus.WaitForStart(node);
        if (alertmanager is not null)
            prometheus.WaitFor(alertmanager);

        var cluster = prometheus.ApplicationBuilder.ExecutionContext.IsRunMode ? Stack.Cluster : Stack.ExportedCluster;
        return prometheus.WithContainerFiles($"{Folder}/targets", async (_, cancellationToken) =>
        {
            var targets = new Dictionary<string, string>();
            foreach (var node in nodes)
                targets[node.Resource.Name] = await TargetAsync(prometheus.Resource, node.Resource, cancellationToken);
            return PrometheusFolder.Targets(cluster, targets, "localhost:9090", alertmanager is null ? null : "alertmanager:9093",
                    jaeger is null ? null : $"jaeger:{JaegerExtensions.SpanMetricsPort}")
                .Select(file => ConfigurationFiles.Item(file.Key, file.Value));
        });
    }

    // As the container sees it: a process of the host through Aspire's tunnel, a container by its name.
    private static async Task<string> TargetAsync(PrometheusResource prometheus, IMeshNodeResource node, CancellationToken cancellationToken)
    {
        if (node is MeshNodeContainerResource)
            return string.Create(CultureInfo.InvariantCulture, $"{node.Name}:{MeshNodeExtensions.MetricsPort}");
        var context = new ValueProviderContext { Caller = prometheus, Network = KnownNetworkIdentifiers.DefaultAspireContainerNetwork };
        return await node.Metrics.Property(EndpointProperty.HostAndPort).GetValueAsync(context, cancellationToken)
            ?? throw new StackException($"{node.Name} cannot be reached from a container.");
    }
}
