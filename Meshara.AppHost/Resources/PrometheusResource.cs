using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Resources;

/// <summary>Prometheus, with the rules of <c>alerts/</c>.</summary>
/// <param name="name">The name of the resource.</param>
internal sealed class PrometheusResource(string name) : ContainerResource(name)
{
    /// <summary>Its page and API.</summary>
    public EndpointReference Http => new(this, "http");
}
