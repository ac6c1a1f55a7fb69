using System.Globalization;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Servers;
using Meshara.Harness;
using Meshara.Watch.Mesh;
using Meshara.Watch.Nodes;
using Meshara.Watch.Page;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost.Mesh;

/// <summary>
/// Serves the page that shows the mesh. It runs in the host, so that it costs no process and is
/// there while nodes start; it asks the nodes only while somebody looks at it.
/// </summary>
internal sealed class MeshPage(MeshResource mesh, MeshPlan plan) : BackgroundService, IStackService
{
    private static readonly StackPart[] Linked =
        [StackPart.Grafana, StackPart.Jaeger, StackPart.Kibana, StackPart.Prometheus, StackPart.Alertmanager];

    /// <summary>The page's address.</summary>
    public static string Url(MeshPlan plan) =>
        string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{plan.Stack.Ports.Page}{WatchPage.Path}");

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var watch = new MeshWatch(Options(), TimeProvider.System);
        await using var server = WatchServer.Create(watch, plan.Stack.Ports.Page);
        await server.StartAsync(stoppingToken);
        await Task.Delay(Timeout.InfiniteTimeSpan, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await server.StopAsync(CancellationToken.None);
    }

    private WatchOptions Options() => new()
    {
        Nodes = () => [.. mesh.Nodes.Select(node => Watched(node.Node))],
        Prometheus = Server(StackPart.Prometheus),
        Alertmanager = Server(StackPart.Alertmanager),
        Links = Linked.Where(part => Server(part) is not null).ToDictionary(part => part.Name, part => Server(part)!),
    };

    private static WatchedNode Watched(StackNode node) => new(Local(node.HttpPort))
    {
        Name = node.Name,
        Metrics = new Uri(Local(node.MetricsPort), "metrics"),
        Token = Environment.GetEnvironmentVariable("Api__Token"),
    };

    private Uri? Server(StackPart part) => plan.Running.Contains(part) ? new Uri($"http://{plan.Listen(part)}/") : null;

    private static Uri Local(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));
}
