using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Hosting;

namespace Meshara.AppHost.Resources;

/// <summary>Adds Elasticsearch, Kibana and Filebeat.</summary>
internal static class LogPipelineExtensions
{
    private const string LogFolder = "/var/log/meshara";

    /// <summary>Adds what logs need; null when Elasticsearch is left out.</summary>
    public static LogPipeline? AddLogPipeline(this IDistributedApplicationBuilder builder, MeshPlan plan, MeshSecrets secrets)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(secrets);
        if (!plan.Has(StackPart.Elasticsearch))
            return null;
        var elasticsearch = builder.AddStore(plan, secrets);
        var kibana = plan.Has(StackPart.Kibana) ? builder.AddKibana(plan, secrets, elasticsearch) : null;
        var setup = builder.AddSetup(plan, secrets, elasticsearch, kibana);
        var filebeat = plan.Has(StackPart.Filebeat) ? builder.AddFilebeat(plan, elasticsearch, setup) : null;
        return new LogPipeline(elasticsearch, setup, kibana, filebeat);
    }

    /// <summary>Tells a container where Elasticsearch is, in the variables that <c>logging/</c> and <c>tracing/</c> read.</summary>
    public static IResourceBuilder<T> WithElasticsearch<T>(this IResourceBuilder<T> resource, IResourceBuilder<ElasticsearchResource> elasticsearch)
        where T : ContainerResource
    {
        ArgumentNullException.ThrowIfNull(elasticsearch);
        return resource
            .WithEnvironment("ELASTICSEARCH_URL", elasticsearch.Resource.PrimaryEndpoint)
            .WithEnvironment("ELASTICSEARCH_USERNAME", "elastic")
            .WithEnvironment("ELASTICSEARCH_PASSWORD", elasticsearch.Resource.PasswordParameter);
    }

    private static IResourceBuilder<ElasticsearchResource> AddStore(this IDistributedApplicationBuilder builder, MeshPlan plan, MeshSecrets secrets)
    {
        var elasticsearch = builder.AddElasticsearch(StackPart.Elasticsearch.Name, secrets.ElasticsearchPassword);
        // One node talks to no other, and the package would give this endpoint the same port of the host as the first.
        elasticsearch.Resource.Annotations.Remove(elasticsearch.Resource.Annotations.OfType<EndpointAnnotation>().Single(endpoint => endpoint.Name == "internal"));
        return elasticsearch.AsPart(StackPart.Elasticsearch, plan)
            .WithEnvironment("ES_JAVA_OPTS", "-Xms512m -Xmx512m")
            // A developer's disk is often fuller than what a server would accept.
            .WithEnvironment("cluster.routing.allocation.disk.threshold_enabled", "false")
            .WithDataVolume(elasticsearch.VolumeName(plan))
            .StayingUp(plan)
            .WithPage("Elasticsearch – indices", "/_cat/indices?v");
    }

    private static IResourceBuilder<KibanaResource> AddKibana(
        this IDistributedApplicationBuilder builder, MeshPlan plan, MeshSecrets secrets, IResourceBuilder<ElasticsearchResource> elasticsearch) =>
        builder.AddPart(new KibanaResource(StackPart.Kibana.Name), StackPart.Kibana, plan)
            .WithEnvironment("ELASTICSEARCH_HOSTS", elasticsearch.Resource.PrimaryEndpoint)
            .WithEnvironment("ELASTICSEARCH_USERNAME", "kibana_system")
            .WithEnvironment("ELASTICSEARCH_PASSWORD", secrets.KibanaPassword)
            .WithEnvironment("TELEMETRY_OPTIN", "false")
            .WithHttpProbe(ProbeType.Readiness, "/api/status")
            .WaitFor(elasticsearch)
            .StayingUp(plan)
            .WithPage("Kibana – Meshara logs", "/app/dashboards#/view/meshara-logs")
            .WithLink("Kibana – errors", "/app/discover#/view/meshara-errors");

    private static IResourceBuilder<LogSetupResource> AddSetup(
        this IDistributedApplicationBuilder builder, MeshPlan plan, MeshSecrets secrets, IResourceBuilder<ElasticsearchResource> elasticsearch, IResourceBuilder<KibanaResource>? kibana)
    {
        // Not one of the parts: it runs in Elasticsearch's image, whose curl it uses, and ends when it is done.
        var setup = builder.AddPart(new LogSetupResource("log-setup"), new StackPart("log-setup", ContainerImage.Elasticsearch, 128, 0.5), plan)
            .WithRepositoryFiles("/setup", plan, "logging")
            .WithEntrypoint("bash")
            .WithArgs("/setup/setup.sh")
            .WithElasticsearch(elasticsearch)
            .WaitFor(elasticsearch);
        // Kibana cannot be waited for here: it comes up once this has given its user a password.
        return kibana is null
            ? setup
            : setup.WithEnvironment("KIBANA_URL", kibana.Resource.Http).WithEnvironment("KIBANA_PASSWORD", secrets.KibanaPassword);
    }

    private static IResourceBuilder<FilebeatResource> AddFilebeat(
        this IDistributedApplicationBuilder builder, MeshPlan plan, IResourceBuilder<ElasticsearchResource> elasticsearch, IResourceBuilder<LogSetupResource> setup)
    {
        var filebeat = builder.AddPart(new FilebeatResource(StackPart.Filebeat.Name), StackPart.Filebeat, plan)
            .WithRepositoryFiles("/usr/share/filebeat", plan, "logging/filebeat.yml")
            // Filebeat refuses a configuration that it does not own.
            .WithArgs("-e", "--strict.perms=false")
            .WithMeshVolume(plan, "/usr/share/filebeat/data")
            .WithElasticsearch(elasticsearch)
            .WaitForCompletion(setup);
        return builder.ExecutionContext.IsRunMode
            ? filebeat.WithBindMount(plan.Files.NodeLogs, LogFolder, isReadOnly: true)
            : filebeat.WithVolume(ComposeExport.LogVolume, LogFolder, isReadOnly: true);
    }
}
