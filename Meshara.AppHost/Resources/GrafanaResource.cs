using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Resources;

/// <summary>Grafana, with the dashboards of <c>dashboards/</c>.</summary>
/// <param name="name">The name of the resource.</param>
internal sealed class GrafanaResource(string name) : ContainerResource(name)
{
    /// <summary>Its page and API.</summary>
    public EndpointReference Http => new(this, "http");
}
