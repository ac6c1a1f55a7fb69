using Aspire.Hosting.ApplicationModel;
using Meshara.Harness;

namespace Meshara.AppHost.Mesh;

/// <summary>
/// A node as a process on this machine. It is a project, so that an IDE can debug it, but the orchestrator starts its executable
/// directly: Aspire's usual <c>dotnet run</c> wrapper would take the kill signal in the node's place and cost 70 MiB a node.
/// </summary>
/// <param name="node">Its place in the stack.</param>
internal sealed class MeshNodeProcess(StackNode node) : ProjectResource(node.Name), IMeshNodeResource
{
    /// <inheritdoc/>
    public StackNode Node => node;
}
