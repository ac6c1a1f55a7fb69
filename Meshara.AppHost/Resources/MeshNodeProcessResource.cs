using Aspire.Hosting.ApplicationModel;
using Meshara.Harness;

namespace Meshara.AppHost.Resources;

/// <summary>
/// A node as a process of this machine. It is no project resource: those run below a <c>dotnet run</c> of their own, whose
/// process is the one the orchestrator knows, and a kill has to hit the node.
/// </summary>
/// <param name="node">Which node of the stack it is.</param>
/// <param name="program">The node's executable.</param>
/// <param name="folder">Its working directory.</param>
internal sealed class MeshNodeProcessResource(StackNode node, string program, string folder)
    : ExecutableResource(node.Name, program, folder), IMeshNodeResource
{
    /// <inheritdoc/>
    public StackNode Node => node;
}
