using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Servers;

/// <summary>A server in a container.</summary>
/// <param name="part">The server's description.</param>
/// <param name="name">The name of the resource; null for the server's name.</param>
internal sealed class ServerContainer(StackPart part, string? name = null) : ContainerResource(name ?? part.Name), IServerResource
{
    /// <inheritdoc/>
    public StackPart Part => part;
}
