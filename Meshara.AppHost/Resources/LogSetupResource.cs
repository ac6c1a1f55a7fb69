using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Resources;

/// <summary>Loads <c>logging/</c> into Elasticsearch and Kibana once, and ends.</summary>
/// <param name="name">The name of the resource.</param>
internal sealed class LogSetupResource(string name) : ContainerResource(name);
