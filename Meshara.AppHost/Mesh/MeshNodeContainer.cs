using Aspire.Hosting.ApplicationModel;
using Meshara.Harness;

namespace Meshara.AppHost.Mesh;

/// <summary>A node as a container, as it is exported.</summary>
/// <param name="node">Which node of the stack it is.</param>
internal sealed class MeshNodeContainer(StackNode node) : ContainerResource(node.Name), IMeshNodeResource
{
    /// <summary>Where a node listens in its container: for peers, for its API, for Prometheus.</summary>
    public const int MeshPort = 8443, HttpPort = 8080, MetricsPort = 9090;

    /// <inheritdoc/>
    public StackNode Node => node;
}
