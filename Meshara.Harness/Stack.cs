namespace Meshara.Harness;

/// <summary>
/// Describes a mesh, independent of what runs it: the nodes, their ports, their bootstrap peers and the servers' ports. Plain data
/// without side effects.
/// </summary>
internal sealed record Stack
{
    /// <summary>Maximum number of nodes on a host; the port scheme has room for no more.</summary>
    public const int MaxNodes = 50;

    /// <summary>Value of the <c>cluster</c> label of every target of a mesh that runs on the developer's machine.</summary>
    public const string Cluster = "local";

    /// <summary>Value of the <c>cluster</c> label for a mesh deployed from an export.</summary>
    public const string ExportedCluster = "compose";

    /// <summary>Name of the endpoint that peers connect to, in service discovery.</summary>
    public const string MeshEndpoint = "mesh";

    /// <summary>The nodes, <c>node-1</c> first.</summary>
    public required IReadOnlyList<StackNode> Nodes { get; init; }

    /// <summary>The port scheme.</summary>
    public required StackPorts Ports { get; init; }

    /// <summary>Describes a mesh.</summary>
    /// <param name="nodes">Number of nodes, 1 to <see cref="MaxNodes"/>.</param>
    /// <param name="ports">The port scheme.</param>
    public static Stack Create(int nodes, StackPorts ports)
    {
        ArgumentNullException.ThrowIfNull(ports);
        ArgumentOutOfRangeException.ThrowIfLessThan(nodes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(nodes, MaxNodes);
        return new Stack
        {
            Ports = ports,
            Nodes = [.. Enumerable.Range(1, nodes).Select(i => new StackNode(
                i, Name(i), ports.Mesh + i, ports.Http + i, ports.Metrics + i, [.. BootstrapOf(i).Select(j => $"meshara://{Name(j)}")]))],
        };
    }

    /// <summary>
    /// The environment variables from which <paramref name="node"/> resolves its bootstrap peers, such as <c>meshara://node-1</c>.
    /// Microsoft.Extensions.ServiceDiscovery reads them in the form that Aspire sets.
    /// </summary>
    /// <param name="node">The node whose environment this is.</param>
    /// <param name="host">Host name or address under which others reach a node.</param>
    public IEnumerable<KeyValuePair<string, string>> DiscoveryVariables(StackNode node, Func<StackNode, string> host)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(host);
        return BootstrapOf(node.Index).Select(i => Nodes[i - 1]).Select(peer =>
            KeyValuePair.Create($"services__{peer.Name}__{MeshEndpoint}__0", $"tcp://{host(peer)}:{peer.MeshPort}"));
    }

    private static string Name(int index) => $"node-{index}";

    // node-1 starts the mesh and has no bootstrap peer. From node-3 on, nodes have two, so that they can join while node-1 is down.
    private static IEnumerable<int> BootstrapOf(int index) => Enumerable.Range(1, Math.Min(index - 1, 2));
}
