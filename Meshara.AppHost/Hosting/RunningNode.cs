using Meshara.AppHost.Local;
using Meshara.Harness;
using Meshara.Harness.Nodes;
using Meshara.Harness.Traffic;

namespace Meshara.AppHost.Hosting;

/// <summary>A node that the orchestrator runs, as traffic sees it.</summary>
/// <param name="node">Which node of the stack.</param>
/// <param name="observer">Knows whether it runs.</param>
internal sealed class RunningNode(StackNode node, MeshObserver observer) : ITrafficNode, IDisposable
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
    public bool IsAlive => observer.ProcessOf(node.Name) is not null;

    /// <summary>Never: the dashboard can start it again.</summary>
    public bool IsGone => false;

    /// <summary>Where it is, for the file of <c>--endpoints</c>.</summary>
    public EndpointsFile.Entry Endpoints => new(Name, Address, $"tcp://127.0.0.1:{node.MeshPort}", Url(node), $"http://127.0.0.1:{node.MetricsPort}/metrics",
        observer.ProcessOf(node.Name) ?? 0);

    /// <summary>A client of a node's API.</summary>
    public static NodeApi Client(StackNode node) => new(new Uri(Url(node)), Environment.GetEnvironmentVariable("Api__Token"));

    public void Dispose() => Api.Dispose();

    private static string Url(StackNode node) => $"http://127.0.0.1:{node.HttpPort}";
}
