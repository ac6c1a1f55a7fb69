using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;
using Meshara.Harness;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.AppHost.Preflight;

/// <summary>Looks for known causes of failure before anything starts.</summary>
internal static class PreflightChecks
{
    /// <summary>Runs every check.</summary>
    /// <exception cref="StackException">At least one check failed; the message has a line for each finding.</exception>
    public static async Task RunAsync(DistributedApplication application, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(application);
        ArgumentNullException.ThrowIfNull(plan);
        var model = application.Services.GetRequiredService<DistributedApplicationModel>();
        var engine = ContainerEngine.FromEnvironment();
        var fault = plan.Options.Servers == ServerChoice.Containers && plan.Containers.Any()
            ? await engine.FindFaultAsync(plan.IsScrapedFromContainer)
            : null;
        var running = plan.Containers.Any() && fault is null ? await engine.RunningAsync() : new HashSet<string>();
        List<Finding> findings =
        [
            .. EngineFindings(fault),
            .. await ParametersCheck.FindAsync(model),
            .. MemoryCheck.Find(plan, MemoryCheck.AvailableMiB(), running),
            .. MapCountCheck.Find(plan, MapCountCheck.Current()),
            .. PortsCheck.Find(plan, running),
        ];
        if (findings.Count == 0)
            return;
        var lines = string.Join(Environment.NewLine + StackApplication.Name + ": ", findings.Select(finding => finding.Line));
        throw new StackException(lines, findings[0].ExitCode);
    }

    private static IEnumerable<Finding> EngineFindings(string? fault)
    {
        if (fault is not null)
        {
            yield return new Finding(
                $"Servers cannot run in containers: {fault}. Fix that, or run them as programs with --servers programs.");
        }
    }
}
