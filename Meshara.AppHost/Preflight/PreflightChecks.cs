using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;
using Meshara.Harness;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.AppHost.Preflight;

/// <summary>Looks for everything that is known to go wrong before anything is started.</summary>
internal static class PreflightChecks
{
    /// <summary>Checks everything.</summary>
    /// <exception cref="StackException">A line for each thing that has to be put right.</exception>
    public static async Task RunAsync(DistributedApplication application, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(application);
        ArgumentNullException.ThrowIfNull(plan);
        var model = application.Services.GetRequiredService<DistributedApplicationModel>();
        var engine = ContainerEngine.FromEnvironment();
        var fault = plan.Options.Servers == ServerChoice.Containers && plan.Containers.Any() ? await engine.FindFaultAsync(plan.IsScrapedFromContainer) : null;
        var running = plan.Containers.Any() && fault is null ? await engine.RunningAsync() : new HashSet<string>();
        List<Finding> findings =
        [
            .. fault is null ? (Finding[])[] : [new Finding($"Servers cannot run in containers: {fault}. Put that right, or run them as programs with --servers programs.")],
            .. await ParametersCheck.FindAsync(model),
            .. MemoryCheck.Find(plan, MemoryCheck.AvailableMiB(), running),
            .. MapCountCheck.Find(plan, MapCountCheck.Current()),
            .. PortsCheck.Find(plan, running),
        ];
        if (findings.Count > 0)
            throw new StackException(string.Join(Environment.NewLine + StackApplication.Name + ": ", findings.Select(finding => finding.Line)), findings[0].ExitCode);
    }
}
