using Aspire.Hosting;
using Meshara.AppHost.Mesh;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Preflight;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost;

/// <summary>One run of the stack, from the preflight checks to the exit code.</summary>
internal static class StackRun
{
    /// <summary>Runs the preflight checks, locks the mesh's folder, and runs the application until it stops.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    /// <exception cref="StackException">A preflight check failed, or the mesh's folder cannot be used.</exception>
    public static async Task<int> RunAsync(DistributedApplication application)
    {
        var plan = application.Services.GetRequiredService<MeshPlan>();
        var console = application.Services.GetRequiredService<StatusConsole>();
        await PreflightChecks.RunAsync(application, plan);
        using var folder = plan.Files.Claim();
        plan.Options.DiscardStaleResults();
        Directory.CreateDirectory(plan.Files.NodeLogs);
        Announce(plan, console);

        using var stops = new StopRequests(console);
        stops.WatchDotnetRun();
        if (plan.Options.StopWithInput)
            stops.WatchInput(Console.OpenStandardInput());
        var lifetime = application.Services.GetRequiredService<IHostApplicationLifetime>();
        using var stopping = stops.Stop.Register(lifetime.StopApplication);
        // The orchestrator watches this process and stops everything it started when this process exits.
        using var killing = stops.Kill.Register(() => Environment.Exit(ExitCodes.Killed));
        var outcome = application.Services.GetRequiredService<RunOutcome>();
        try
        {
            await application.StartAsync();
            await application.WaitForShutdownAsync();
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Asked to stop during startup; still stop in order whatever is already running.
            await application.StopAsync();
        }

        return outcome.ExitCode;
    }

    private static void Announce(MeshPlan plan, StatusConsole console)
    {
        var nodes = plan.Stack.Nodes.Count;
        console.WriteLine($"Starting {nodes} {(nodes == 1 ? "node" : "nodes")} in {StackFiles.Shown(plan.Files.Data)}");
        if (Packages.HaveContainers is false && plan.Containers.Any())
            console.WriteLine($"Elasticsearch, Kibana and Filebeat need packages that were not restored. {Packages.Remedy}");
        foreach (var group in plan.Places.Where(place => place.Value is Placement.Missing).GroupBy(place => Reason(place.Value)))
        {
            var servers = string.Join(", ", group.Select(place => place.Key));
            console.WriteLine($"Left out: {servers}: {group.Key}. The dashboard says how to get them.");
        }

        var secrets = Path.Combine(plan.Files.Alertmanager, "secrets");
        if (plan.Place(StackPart.Alertmanager) is Placement.Program && !Directory.Exists(secrets))
        {
            console.WriteLine(
                $"Alertmanager shows alerts but notifies nobody: there is no {StackFiles.Shown(secrets)} (see alerts/README.md).");
        }
    }

    // The dashboard shows how to install each server; here the reason they share is enough.
    private static string Reason(Placement place) => ((Placement.Missing)place).Reason.Split(", and no program")[0];
}
