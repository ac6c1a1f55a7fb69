namespace Meshara.Harness;

/// <summary>One node of the stack.</summary>
/// <param name="Index">Its number, from 1.</param>
/// <param name="Name">Its name, <c>node-1</c> and so on; also its name in service discovery, logs and metrics.</param>
/// <param name="MeshPort">Where peers connect.</param>
/// <param name="HttpPort">HTTP API and health.</param>
/// <param name="MetricsPort">Prometheus scrapes <c>/metrics</c> here.</param>
/// <param name="Bootstrap">Whom it asks to join, as <c>meshara://name</c>.</param>
internal sealed record StackNode(
    int Index, string Name, int MeshPort, int HttpPort, int MetricsPort, IReadOnlyList<string> Bootstrap)
{
    /// <summary>Where it listens for peers when a proxy stands at <see cref="MeshPort"/>.</summary>
    public int HiddenMeshPort => MeshPort + StackPorts.Hidden;
}
