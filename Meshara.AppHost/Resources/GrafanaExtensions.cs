using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Hosting;

namespace Meshara.AppHost.Resources;

/// <summary>Adds Grafana.</summary>
internal static class GrafanaExtensions
{
    /// <summary>Adds Grafana with the dashboards and datasources of <c>dashboards/</c>; null when it is left out.</summary>
    public static IResourceBuilder<GrafanaResource>? AddGrafana(
        this IDistributedApplicationBuilder builder, MeshPlan plan, MeshSecrets secrets, IResourceBuilder<PrometheusResource>? prometheus, LogPipeline? logs)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(secrets);
        if (!plan.Has(StackPart.Grafana))
            return null;
        var grafana = builder.AddPart(new GrafanaResource(StackPart.Grafana.Name), StackPart.Grafana, plan)
            .WithRepositoryFiles("/etc/grafana/provisioning", plan, "dashboards/provisioning")
            .WithEnvironment("GF_SECURITY_ADMIN_PASSWORD", secrets.GrafanaPassword)
            .WithEnvironment("GF_ANALYTICS_REPORTING_ENABLED", "false")
            .WithEnvironment("GF_ANALYTICS_CHECK_FOR_UPDATES", "false")
            .WithMeshVolume(plan, "/var/lib/grafana")
            .WithHttpProbe(ProbeType.Readiness, "/api/health")
            .WithPage("Grafana – Mesh overview", "/d/meshara-overview")
            .WithLink("Grafana – Delivery", "/d/meshara-delivery");
        foreach (var dashboard in Directory.EnumerateFiles(plan.File("dashboards"), "*.json").Order(StringComparer.Ordinal))
            grafana.WithRepositoryFiles("/etc/grafana/dashboards", plan, dashboard);
        if (logs is not null)
            grafana.WithElasticsearch(logs.Elasticsearch).WaitFor(logs.Elasticsearch);
        if (prometheus is not null)
            grafana.WaitFor(prometheus);
        return grafana;
    }
}
