using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Servers;
using Meshara.Harness.Nodes;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost.Mesh;

/// <summary>
/// Shows each node's own health in the dashboard. Aspire checks a healthy resource only every 30 s, so a node that was just cut off
/// would still look healthy.
/// </summary>
internal sealed class NodeHealthWatch(
    MeshResource mesh, MeshStart start, NodeProcesses processes, ResourceNotificationService notifications) : BackgroundService, IStackService
{
    private const string Property = "mesh.health", Healthy = "Healthy";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await start.Ready.WaitAsync(stoppingToken);
            await Task.WhenAll(mesh.Nodes.Select(node => WatchAsync(node, stoppingToken)));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host is stopping.
        }
    }

    private async Task WatchAsync(IMeshNodeResource node, CancellationToken stop)
    {
        using var api = RunningNode.Client(node.Node);
        using var timer = new PeriodicTimer(Interval);
        string? shown = null;
        while (await timer.WaitForNextTickAsync(stop))
        {
            var text = processes.Of(node.Name) is null ? null : Describe(await api.TryGetHealthAsync(stop));
            if (text == shown)
                continue;
            shown = text;
            await notifications.PublishUpdateAsync(node, snapshot => Show(snapshot, text));
        }
    }

    // Only the state of a running node is set here; the orchestrator reports how a node ended.
    private static CustomResourceSnapshot Show(CustomResourceSnapshot snapshot, string? text) =>
        snapshot.With(ResourceProperties.Shown(Property, "Mesh health", text ?? "-")) with
        {
            State = snapshot.State?.Text == KnownResourceStates.Running && text is not null
                ? new ResourceStateSnapshot(
                    KnownResourceStates.Running, text == Healthy ? KnownResourceStateStyles.Success : KnownResourceStateStyles.Warn)
                : snapshot.State,
        };

    private static string Describe(NodeHealth? health) => health switch
    {
        null => "No answer.",
        { Status: Healthy } => Healthy,
        _ => $"{health.Status}: "
            + string.Join(", ", health.Checks.Where(check => check.Value != Healthy).Select(check => $"{check.Key} {check.Value}")),
    };
}
