namespace Meshara.Harness;

/// <summary>A node of the stack.</summary>
/// <param name="Index">Its number, from 1.</param>
/// <param name="Name">Its name in service discovery, logs and metrics: <c>node-1</c> and so on.</param>
/// <param name="MeshPort">The port peers connect to.</param>
/// <param name="HttpPort">The port of its HTTP API and health.</param>
/// <param name="MetricsPort">The port of <c>/metrics</c>, which Prometheus scrapes.</param>
/// <param name="Bootstrap">Peers it joins through, as <c>meshara://name</c>.</param>
internal sealed record StackNode(
    int Index, string Name, int MeshPort, int HttpPort, int MetricsPort, IReadOnlyList<string> Bootstrap)
{
    /// <summary>The port it listens on for peers if a proxy listens on <see cref="MeshPort"/>.</summary>
    public int HiddenMeshPort => MeshPort + StackPorts.Hidden;
}
