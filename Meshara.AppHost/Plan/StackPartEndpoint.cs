using Meshara.Harness;

namespace Meshara.AppHost.Plan;

/// <summary>Where a server of the stack listens.</summary>
/// <param name="Name">What it is for: <c>http</c> for its pages and API.</param>
/// <param name="Port">The port inside its container.</param>
/// <param name="HostPort">The port on this machine, out of the port scheme.</param>
internal sealed record StackPartEndpoint(string Name, int Port, Func<StackPorts, int> HostPort)
{
    /// <summary>What is spoken there.</summary>
    public string Scheme => Name is "smtp" ? "tcp" : "http";
}
