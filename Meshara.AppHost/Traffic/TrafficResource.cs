using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Traffic;

/// <summary>The traffic generator in the dashboard; it runs inside the host and uses the nodes' API.</summary>
/// <param name="name">The name of the resource.</param>
internal sealed class TrafficResource(string name) : Resource(name);
