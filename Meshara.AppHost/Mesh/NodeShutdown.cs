using Aspire.Hosting.ApplicationModel;
using Meshara.Harness.Terminal;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost.Mesh;

/// <summary>
/// Stops the nodes before everything else: all at once, because one that drains may need its neighbours' answers, and before the dashboard,
/// to which they still tell what they did. The orchestrator would stop everything at the same time, and end what takes more than six seconds.
/// </summary>
internal sealed class NodeShutdown(
    DistributedApplicationModel model, ResourceCommandService commands, ResourceNotificationService notifications, StatusConsole console) : IHostedService
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Deadline);
        await Task.WhenAll(model.Resources.OfType<IMeshNodeResource>().Select(node => StopAsync(node, limit.Token)));
    }

    private async Task StopAsync(IMeshNodeResource node, CancellationToken limit)
    {
        try
        {
            // It fails where the node does not run, and then there is nothing to wait for.
            if ((await commands.ExecuteCommandAsync(node, KnownResourceCommands.StopCommand, limit)).Success)
                await notifications.WaitForResourceAsync(node.Name, KnownResourceStates.TerminalStates, limit);
        }
        catch (OperationCanceledException)
        {
            console.WriteLine($"{node.Name} did not stop within {Deadline.TotalSeconds:0} s and is ended.");
        }
    }
}
