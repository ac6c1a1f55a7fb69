namespace Meshara.Harness;

/// <summary>
/// What a mesh consists of, whichever engine runs it: the nodes, their ports, whom they bootstrap from and where the
/// tools listen. Plain data; nothing here starts, opens or reads anything.
/// </summary>
internal sealed record Stack
{
    /// <summary>Most nodes one host runs; the port scheme leaves room for exactly these.</summary>
    public const int MaxNodes = 50;

    /// <summary>Value of the <c>cluster</c> label of every scraped node of a mesh on the developer's machine.</summary>
    public const string Cluster = "local";

    /// <summary>The same of a mesh that was deployed from an export.</summary>
    public const string ExportedCluster = "compose";

    /// <summary>Name of the endpoint that peers connect to, in service discovery.</summary>
    public const string MeshEndpoint = "mesh";

    /// <summary>The nodes, <c>node-1</c> first.</summary>
    public required IReadOnlyList<StackNode> Nodes { get; init; }

    /// <summary>Where the nodes and everything else listens.</summary>
    public required StackPorts Ports { get; init; }

    /// <summary>A mesh of <paramref name="nodes"/> nodes.</summary>
    /// <param name="nodes">1 to <see cref="MaxNodes"/>.</param>
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
    /// What makes <c>meshara://node-1</c> resolvable for <paramref name="node"/>: the variables that
    /// Microsoft.Extensions.ServiceDiscovery reads, as Aspire itself sets them.
    /// </summary>
    /// <param name="node">The node whose environment this is.</param>
    /// <param name="host">Host name or address under which the nodes reach each other.</param>
    public IEnumerable<KeyValuePair<string, string>> DiscoveryVariables(StackNode node, string host)
    {
        ArgumentNullException.ThrowIfNull(node);
        return BootstrapOf(node.Index).Select(i => Nodes[i - 1]).Select(peer =>
            KeyValuePair.Create($"services__{peer.Name}__{MeshEndpoint}__0", $"tcp://{host}:{peer.MeshPort}"));
    }

    private static string Name(int index) => $"node-{index}";

    // node-1 starts the mesh and asks nobody. Everyone after node-2 knows two ways in, so that node-1 can go away.
    private static IEnumerable<int> BootstrapOf(int index) => Enumerable.Range(1, Math.Min(index - 1, 2));
}
