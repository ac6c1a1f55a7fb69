using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Local;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Meshara.Harness.Traffic;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost.Hosting;

/// <summary>Sends traffic once every node is ready, until its time is over or the host stops; then counts.</summary>
internal sealed class MeshTraffic(
    MeshPlan plan, StatusConsole console, MeshObserver observer, ResourceNotificationService notifications, IHostApplicationLifetime lifetime) : BackgroundService
{
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan SettleDeadline = TimeSpan.FromSeconds(15);

    private readonly TrafficLedger _ledger = new(RandomNumberGenerator.GetHexString(12, lowercase: true), TimeProvider.System);

    /// <summary>What the host ends with.</summary>
    public int ExitCode { get; private set; }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        RunningNode[] nodes = [.. plan.Stack.Nodes.Select(node => new RunningNode(node, observer))];
        try
        {
            await WaitUntilReadyAsync(nodes, stoppingToken);
            if (plan.Options.Endpoints is { } endpoints)
                EndpointsFile.Write(endpoints, nodes.Select(node => node.Endpoints));
            await SendAsync(nodes, stoppingToken);
        }
        catch (StackException exception)
        {
            console.WriteLine(exception.Message);
            ExitCode = exception.ExitCode;
            lifetime.StopApplication();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped before there was anything to count.
        }
        finally
        {
            foreach (var node in nodes)
                node.Dispose();
        }
    }

    private async Task WaitUntilReadyAsync(RunningNode[] nodes, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(ReadyDeadline);
        foreach (var node in nodes)
        {
            try
            {
                await notifications.WaitForResourceHealthyAsync(node.Name, limit.Token);
                node.Address = (await node.Api.TryGetIdentityAsync(limit.Token))?.Address ?? throw new StackException($"{node.Name} is ready but does not tell its address.");
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                throw new StackException($"{node.Name} was not ready within {ReadyDeadline.TotalMinutes:0} minutes; its log is in the dashboard and in {StackFiles.Shown(plan.Files.NodeLogs)}.");
            }
        }

        console.WriteLine($"{nodes.Length} {(nodes.Length == 1 ? "node is" : "nodes are")} ready.");
    }

    private async Task SendAsync(RunningNode[] nodes, CancellationToken stop)
    {
        using var watching = new CancellationTokenSource();
        var watchers = nodes.Select(node => new InboxWatcher(node, [_ledger], TimeProvider.System)).ToList();
        var watches = watchers.Select(watcher => watcher.RunAsync(watching.Token, stop)).ToList();
        try
        {
            await Task.WhenAll(watchers.Select(watcher => watcher.Opened)).WaitAsync(SettleDeadline, stop);
            var started = TimeProvider.System.GetTimestamp();
            using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
            if (plan.Options.For is { } duration)
                over.CancelAfter(duration);
            if (plan.Options.Traffic > 0 && nodes.Length > 1)
                await new TrafficGenerator(nodes, _ledger, Random.Shared, TimeProvider.System).RunAsync(plan.Options.Traffic, over.Token, stop);
            else
                await Task.Delay(Timeout.InfiniteTimeSpan, over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await CountAsync(nodes.Length, TimeProvider.System.GetElapsedTime(started), stop);
        }
        catch (TimeoutException)
        {
            throw new StackException("The inboxes of the nodes cannot be watched, so no traffic is sent.");
        }
        finally
        {
            await watching.CancelAsync();
            await Task.WhenAll(watches);
        }

        lifetime.StopApplication();
    }

    private async Task CountAsync(int nodes, TimeSpan duration, CancellationToken stop)
    {
        _ledger.Close();
        // Nodes end with the host, so there is nothing to wait for when it stops.
        await _ledger.Settled.WaitAsync(SettleDeadline, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var report = TrafficReport.Of(nodes, _ledger.CountFinally(), duration);
        if (plan.Options.Report is { } file)
            EndpointsFile.WriteAtomically(file, report.ToJson());
        console.WriteLine(StatusLine.Summary(report));
        if (report.Failed > 0 && !stop.IsCancellationRequested)
            ExitCode = ExitCodes.Failure;
    }
}
