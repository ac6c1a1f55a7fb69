using Aspire.Hosting.ApplicationModel;
using Meshara.Harness;

namespace Meshara.AppHost.Mesh;

/// <summary>
/// A node as a process of this machine: a project, so that an IDE can debug it, whose program the orchestrator starts itself. Through the
/// <c>dotnet run</c> that it puts around a project otherwise, a kill would hit the wrong process, and every node would take 70 MiB more.
/// </summary>
/// <param name="node">Which node of the stack it is.</param>
internal sealed class MeshNodeProcess(StackNode node) : ProjectResource(node.Name), IMeshNodeResource
{
    /// <inheritdoc/>
    public StackNode Node => node;
}
