using Aspire.Hosting.ApplicationModel;
using Meshara.Harness;

namespace Meshara.AppHost.Resources;

/// <summary>A node as a container.</summary>
/// <param name="node">Which node of the stack it is.</param>
internal sealed class MeshNodeContainerResource(StackNode node) : ContainerResource(node.Name), IMeshNodeResource
{
    /// <inheritdoc/>
    public StackNode Node => node;
}
