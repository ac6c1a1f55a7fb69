using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Resources;

/// <summary>What keeps, ships and shows logs.</summary>
/// <param name="Elasticsearch">Keeps them, and traces.</param>
/// <param name="Setup">Loads policy, templates and saved objects into the others.</param>
/// <param name="Kibana">Shows them; null when it is left out.</param>
/// <param name="Filebeat">Ships them; null when it is left out.</param>
internal sealed record LogPipeline(
    IResourceBuilder<ElasticsearchResource> Elasticsearch,
    IResourceBuilder<LogSetupResource> Setup,
    IResourceBuilder<KibanaResource>? Kibana,
    IResourceBuilder<FilebeatResource>? Filebeat);
