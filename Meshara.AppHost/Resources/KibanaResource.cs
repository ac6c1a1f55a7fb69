using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Resources;

/// <summary>Kibana, which shows the logs.</summary>
/// <param name="name">The name of the resource.</param>
internal sealed class KibanaResource(string name) : ContainerResource(name)
{
    /// <summary>Its page and API.</summary>
    public EndpointReference Http => new(this, "http");
}
