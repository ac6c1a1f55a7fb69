using Meshara.Harness;
using Meshara.Harness.Terminal;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost.Mesh;

/// <summary>
/// Starts the host's own parts before Aspire starts anything, and stops them before Aspire stops anything. As ordinary hosted services they
/// would wait for every container: one whose image cannot be pulled would keep the nodes from being watched.
/// </summary>
internal sealed class StackLifetime(
    IEnumerable<IStackService> services, StatusConsole console, RunOutcome outcome, IHostApplicationLifetime lifetime) : IHostedLifecycleService
{
    private readonly List<IStackService> _started = [];

    /// <inheritdoc/>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (var service in services)
        {
            await service.StartAsync(cancellationToken);
            _started.Add(service);
            if (service is BackgroundService { ExecuteTask: { } running })
                _ = ObserveAsync(service, running);
        }
    }

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        foreach (var service in Enumerable.Reverse(_started))
            await service.StopAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // The host watches only what it has started itself.
    private async Task ObserveAsync(IStackService service, Task running)
    {
        try
        {
            await running;
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The host is stopping.
        }
        catch (Exception exception)
        {
            console.WriteLine($"{service.GetType().Name} failed: {exception}");
            outcome.Fail(ExitCodes.Failure);
            lifetime.StopApplication();
        }
    }
}
