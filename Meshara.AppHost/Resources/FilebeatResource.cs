using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Resources;

/// <summary>Filebeat, which ships the nodes' log files; it listens to nobody.</summary>
/// <param name="name">The name of the resource.</param>
internal sealed class FilebeatResource(string name) : ContainerResource(name);
