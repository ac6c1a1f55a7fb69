using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Hosting;

namespace Meshara.AppHost.Resources;

/// <summary>Adds Jaeger.</summary>
internal static class JaegerExtensions
{
    /// <summary>Where it shows what it counted of the spans, for its Monitor tab.</summary>
    public const int SpanMetricsPort = 8889;

    private const int HealthPort = 13133;
    private const string Folder = "/etc/jaeger";

    /// <summary>Adds Jaeger, storing in Elasticsearch where that is there, else in memory; null when it is left out.</summary>
    public static IResourceBuilder<JaegerResource>? AddJaeger(
        this IDistributedApplicationBuilder builder, MeshPlan plan, LogPipeline? logs, IResourceBuilder<PrometheusResource>? prometheus)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(plan);
        if (!plan.Has(StackPart.Jaeger))
            return null;
        var configuration = logs is null ? "memory.yaml" : "jaeger.yaml";
        var jaeger = builder.AddPart(new JaegerResource(StackPart.Jaeger.Name), StackPart.Jaeger, plan)
            .WithRepositoryFiles(Folder, plan, $"tracing/{configuration}")
            .WithRepositoryFiles(Folder, plan, "tracing/ui.json")
            .WithArgs("--config", $"{Folder}/{configuration}")
            .WithHttpEndpoint(targetPort: HealthPort, name: "health")
            .WithHttpProbe(ProbeType.Readiness, "/status", endpointName: "health")
            .WithPage("Jaeger – traces", "/search?service=meshara")
            .WithLink("Jaeger – monitor", "/monitor");
        if (logs is not null)
            jaeger.WithElasticsearch(logs.Elasticsearch).WaitFor(logs.Elasticsearch);
        if (prometheus is not null)
            jaeger.WithEnvironment("PROMETHEUS_URL", prometheus.Resource.Http);
        return jaeger;
    }
}
