using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Servers;

/// <summary>A server as a program on this machine.</summary>
/// <param name="part">The server's description.</param>
/// <param name="program">Its executable.</param>
/// <param name="folder">Its working directory, below the mesh's folder.</param>
internal sealed class ServerProgram(StackPart part, string program, string folder)
    : ExecutableResource(part.Name, program, folder), IServerResource
{
    /// <inheritdoc/>
    public StackPart Part => part;
}
