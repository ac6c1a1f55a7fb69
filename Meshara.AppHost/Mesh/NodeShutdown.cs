using System.Diagnostics;
using Aspire.Hosting.ApplicationModel;
using Meshara.Harness.Terminal;

namespace Meshara.AppHost.Mesh;

/// <summary>
/// Stops the nodes before everything else. All stop at once, because a draining node may need answers from its neighbours, and before the
/// dashboard, so that it still receives their last telemetry. The orchestrator alone would stop every resource at the same time, and
/// kill those that take more than six seconds.
/// </summary>
internal sealed class NodeShutdown(
    DistributedApplicationModel model, ResourceCommandService commands, NodeProcesses processes, StatusConsole console) : IStackService
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

    // Wait for the process, not for a state: a host stopped during startup gets no more state notifications.
    private async Task StopAsync(IMeshNodeResource node, CancellationToken limit)
    {
        if (Find(node) is not { } process)
            return;
        using (process)
        {
            try
            {
                await commands.ExecuteCommandAsync(node, KnownResourceCommands.StopCommand, limit);
                await process.WaitForExitAsync(limit);
            }
            catch (OperationCanceledException)
            {
                console.WriteLine($"{node.Name} did not stop within {Deadline.TotalSeconds:0} s and is killed.");
            }
        }
    }

    private Process? Find(IMeshNodeResource node)
    {
        try
        {
            return processes.Of(node.Name) is { } id ? Process.GetProcessById(id) : null;
        }
        catch (ArgumentException)
        {
            return null; // It has just ended by itself.
        }
    }
}
