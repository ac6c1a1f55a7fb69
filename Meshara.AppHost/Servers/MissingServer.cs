using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Servers;

/// <summary>A server that does not run here: left out, or shown in the dashboard with a hint how to install it.</summary>
/// <param name="part">The server's description.</param>
internal sealed class MissingServer(StackPart part) : Resource(part.Name), IServerResource
{
    /// <inheritdoc/>
    public StackPart Part => part;

    /// <inheritdoc/>
    public IResourceWithEndpoints? Actual => null;
}
