using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Nodes;
using Meshara.Harness.Traffic;

namespace Meshara.AppHost.Mesh;

/// <summary>A node run by the orchestrator, as the traffic generator uses it.</summary>
/// <param name="node">Its place in the stack.</param>
/// <param name="processes">Tells whether it is running.</param>
internal sealed class RunningNode(StackNode node, NodeProcesses processes) : ITrafficNode, IDisposable
{
    /// <inheritdoc/>
    public int Index => node.Index;

    /// <inheritdoc/>
    public string Name => node.Name;

    /// <inheritdoc/>
    public string Address { get; set; } = "";

    /// <inheritdoc/>
    public NodeApi Api { get; } = Client(node);

    /// <inheritdoc/>
    public bool IsAlive => processes.Of(node.Name) is not null;

    /// <summary>Always false: the dashboard can start the node again.</summary>
    public bool IsGone => false;

    /// <summary>Its entry in the <c>--endpoints</c> file.</summary>
    public EndpointsFile.Entry Endpoints => new(
        Name, Address, string.Create(CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{node.MeshPort}"), Url(node),
        string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{node.MetricsPort}/metrics"), processes.Of(Name) ?? 0);

    /// <summary>Creates a client of a node's API.</summary>
    public static NodeApi Client(StackNode node) => new(new Uri(Url(node)), Environment.GetEnvironmentVariable("Api__Token"));

    public void Dispose() => Api.Dispose();

    private static string Url(StackNode node) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{node.HttpPort}");
}
