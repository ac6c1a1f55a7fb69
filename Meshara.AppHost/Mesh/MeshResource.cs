using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Mesh;

/// <summary>The mesh: the nodes' parent in the dashboard.</summary>
/// <param name="name">The name of the resource.</param>
/// <param name="nodes">The nodes, node-1 first.</param>
internal sealed class MeshResource(string name, IReadOnlyList<IMeshNodeResource> nodes) : Resource(name), IResourceWithWaitSupport
{
    /// <summary>The nodes, node-1 first.</summary>
    public IReadOnlyList<IMeshNodeResource> Nodes => nodes;
}
