using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Servers;

namespace Meshara.AppHost.Logs;

/// <summary>Presents the resource of the package Aspire.Hosting.Elasticsearch as a server of this stack.</summary>
/// <param name="container">The package's resource, which is the one in the model.</param>
internal sealed class ElasticsearchContainer(ContainerResource container) : Resource(container.Name), IServerResource
{
    /// <inheritdoc/>
    public StackPart Part => StackPart.Elasticsearch;

    /// <inheritdoc/>
    public IResourceWithEndpoints? Actual => container;
}
