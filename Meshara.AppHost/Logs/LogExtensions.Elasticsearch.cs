using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Servers;

namespace Meshara.AppHost.Logs;

internal static partial class LogExtensions
{
    static partial void AddStoreContainer(
        IDistributedApplicationBuilder builder, IResourceBuilder<ParameterResource> password, ref IResourceBuilder<IServerResource>? added)
    {
        var plan = builder.Plan();
        var elasticsearch = builder.AddElasticsearch(StackPart.Elasticsearch.Name, password);
        // A single node needs no transport endpoint, and the package would give it the same host port as the HTTP endpoint.
        var annotations = elasticsearch.Resource.Annotations;
        annotations.Remove(annotations.OfType<EndpointAnnotation>().Single(endpoint => endpoint.Name == "internal"));
        elasticsearch.AsPart(StackPart.Elasticsearch, plan)
            .WithEnvironment("ES_JAVA_OPTS", JavaOptions)
            .WithDataVolume(elasticsearch.VolumeName())
            .StayingUp()
            .WithUrlForEndpoint("http", url => (url.Url, url.DisplayText) = (Indices, "Elasticsearch – indices"));
        // A developer's disk is often fuller than Elasticsearch's watermarks allow; elsewhere they keep it from filling up.
        if (builder.ExecutionContext.IsRunMode)
            elasticsearch.WithEnvironment("cluster.routing.allocation.disk.threshold_enabled", "false");
        added = builder.CreateResourceBuilder<IServerResource>(new ElasticsearchContainer(elasticsearch.Resource));
    }
}
