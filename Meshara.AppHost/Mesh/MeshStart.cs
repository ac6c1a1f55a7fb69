using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Servers;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost.Mesh;

/// <summary>Waits until every node is ready, then prints the address of everything.</summary>
internal sealed class MeshStart(
    MeshResource mesh, MeshPlan plan, StatusConsole console, NodeProcesses processes, ResourceNotificationService notifications,
    IConfiguration configuration, RunOutcome outcome, StartProgress progress, IHostApplicationLifetime lifetime) : BackgroundService, IStackService
{
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromMinutes(5);

    private readonly TaskCompletionSource<IReadOnlyList<RunningNode>> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The nodes, once all are ready. Never completes if one does not become ready; the host stops instead.</summary>
    public Task<IReadOnlyList<RunningNode>> Ready => _ready.Task;

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (_ready.Task.IsCompletedSuccessfully)
        {
            foreach (var node in _ready.Task.Result)
                node.Dispose();
        }

        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var told = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var telling = progress.ShowAsync(told.Token);
        try
        {
            var started = Stopwatch.GetTimestamp();
            RunningNode[] nodes = [.. mesh.Nodes.Select(node => new RunningNode(node.Node, processes))];
            await Task.WhenAll(mesh.Nodes.Zip(nodes, (resource, node) => WaitUntilReadyAsync(resource, node, stoppingToken)));
            await notifications.PublishUpdateAsync(mesh, snapshot =>
                snapshot with { State = KnownResourceStates.Running, StartTimeStamp = DateTime.UtcNow });
            if (plan.Options.Endpoints is { } endpoints)
                EndpointsFile.Write(endpoints, nodes.Select(node => node.Endpoints));
            await told.CancelAsync();
            await telling;
            Tell(nodes, Stopwatch.GetElapsedTime(started));
            _ready.SetResult(nodes);
        }
        catch (StackException exception)
        {
            console.WriteLine(exception.Message);
            outcome.Fail(exception.ExitCode);
            lifetime.StopApplication();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped before every node was ready.
        }
        finally
        {
            await told.CancelAsync();
            await telling;
        }
    }

    private async Task WaitUntilReadyAsync(IMeshNodeResource resource, RunningNode node, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(ReadyDeadline);
        try
        {
            await notifications.WaitForResourceHealthyAsync(resource.Name, WaitBehavior.StopOnResourceUnavailable, limit.Token);
            node.Address = (await node.Api.TryGetIdentityAsync(limit.Token))?.Address
                ?? throw Failed(resource, "is ready but does not report its address");
        }
        catch (DistributedApplicationException)
        {
            throw Failed(resource, "ended before it was ready");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw Failed(resource, $"was not ready within {ReadyDeadline.TotalMinutes:0} minutes");
        }

        await notifications.PublishUpdateAsync(resource, snapshot =>
            snapshot.With(ResourceProperties.Shown("mesh.address", "Address", node.Address)));
        progress.AddReady();
    }

    private StackException Failed(IMeshNodeResource resource, string what) =>
        new($"{resource.Name} {what}; its log is in the dashboard and in {StackFiles.Shown(plan.Files.Log(resource.Name))}.");

    private void Tell(RunningNode[] nodes, TimeSpan elapsed)
    {
        console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{nodes.Length} {(nodes.Length == 1 ? "node is" : "nodes are")} ready after {elapsed.TotalSeconds:0.0} s."));
        NodeTable.Write(console, nodes.Select(node => node.Endpoints));
        foreach (var part in plan.Running.Where(part => part.Endpoints.Any(endpoint => endpoint.Name == "http")))
            console.WriteLine($"{part.Name}  http://{plan.Listen(part)}");
        console.WriteLine($"mesh  {MeshPage.Url(plan)}");
        if (configuration["ASPNETCORE_URLS"] is { } dashboard)
            console.WriteLine($"dashboard  {dashboard}/login?t={configuration["AppHost:BrowserToken"]}");
    }
}
