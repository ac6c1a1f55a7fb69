using Aspire.Hosting.ApplicationModel;
using Meshara.Harness;

namespace Meshara.AppHost.Mesh;

/// <summary>A node in a container, for the export.</summary>
/// <param name="node">Its place in the stack.</param>
internal sealed class MeshNodeContainer(StackNode node) : ContainerResource(node.Name), IMeshNodeResource
{
    /// <summary>The ports a node listens on inside its container, for peers, for its API and for Prometheus.</summary>
    public const int MeshPort = 8443, HttpPort = 8080, MetricsPort = 9090;

    /// <inheritdoc/>
    public StackNode Node => node;
}
