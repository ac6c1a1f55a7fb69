using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Traffic;

/// <summary>What sends messages through the mesh: a client of the nodes' API, in the host.</summary>
/// <param name="name">The name of the resource.</param>
internal sealed class TrafficResource(string name) : Resource(name);
