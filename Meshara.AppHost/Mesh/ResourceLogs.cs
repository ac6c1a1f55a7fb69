using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Servers;
using Meshara.Harness;
using Meshara.Harness.Processes;
using Meshara.Harness.Terminal;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost.Mesh;

/// <summary>Writes the output of nodes and programs to files, and shows their warnings on the console at a limited rate.</summary>
internal sealed class ResourceLogs(
    MeshPlan plan, DistributedApplicationModel model, ResourceLoggerService logs, StatusConsole console, StartProgress progress, IHostApplicationLifetime lifetime)
    : BackgroundService, IStackService
{
    private static readonly TimeSpan TellInterval = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        model.Resources.Where(resource => resource is IMeshNodeResource or ServerProgram)
            .Select(resource => WatchAsync(resource, stoppingToken)));

    private async Task WatchAsync(IResource resource, CancellationToken stop)
    {
        using var file = new ChildLog(plan.Files.Log(resource.Name));
        var gate = new WarningGate(TimeProvider.System);
        var telling = TellWithheldAsync(resource.Name, gate, stop);
        try
        {
            await foreach (var batch in logs.WatchAsync(resource).WithCancellation(stop))
            {
                foreach (var line in batch)
                    Take(resource.Name, line, file, gate);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The host is stopping.
        }

        await telling;
    }

    private void Take(string name, Aspire.Hosting.ApplicationModel.LogLine line, ChildLog file, WarningGate gate)
    {
        var text = WithoutTime(line.Content);
        file.Append(text);
        // Warnings during shutdown are expected and not worth showing; those during the start are only counted.
        if (lifetime.ApplicationStopping.IsCancellationRequested || Harness.Processes.LogLine.Notable(text, line.IsErrorMessage) is not { } notable)
            return;
        if (notable.Level == "WARN" && progress.TryGather())
            return;
        if (gate.TryPass())
            console.WriteLine(notable.Format(name));
    }

    private async Task TellWithheldAsync(string name, WarningGate gate, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TellInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (gate.TakeWithheld() is > 0 and var withheld)
                    console.WriteLine($"{name}  ... {withheld} more in {StackFiles.Shown(plan.Files.Log(name))}");
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The host is stopping.
        }
    }

    // The orchestrator prefixes each line with a time: 2025-12-23T10:34:12.4560000Z {"timestamp":…
    private static string WithoutTime(string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && DateTime.TryParse(line.AsSpan(0, space), CultureInfo.InvariantCulture, out _) ? line[(space + 1)..] : line;
    }
}
