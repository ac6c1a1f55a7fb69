using Meshara.Harness;

namespace Meshara.AppHost.Plan;

/// <summary>An endpoint of a server.</summary>
/// <param name="Name">Its purpose: <c>http</c> for pages and API.</param>
/// <param name="Port">The port inside the server's container.</param>
/// <param name="HostPort">Picks the port on this machine from the port scheme.</param>
internal sealed record StackPartEndpoint(string Name, int Port, Func<StackPorts, int> HostPort)
{
    /// <summary>Its URI scheme.</summary>
    public string Scheme => Name is "smtp" ? "tcp" : "http";
}
