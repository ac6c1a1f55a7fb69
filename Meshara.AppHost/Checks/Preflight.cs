using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Hosting;
using Meshara.AppHost.Local;
using Meshara.Harness;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.AppHost.Checks;

/// <summary>Looks for everything that is known to go wrong before anything is started.</summary>
internal static class Preflight
{
    /// <summary>Checks everything; what depends on the engine only when there is one.</summary>
    /// <exception cref="StackException">A line for each thing that has to be put right.</exception>
    public static async Task CheckAsync(DistributedApplication application, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(application);
        ArgumentNullException.ThrowIfNull(plan);
        var model = application.Services.GetRequiredService<DistributedApplicationModel>();
        var engine = ContainerEngine.FromEnvironment();
        var missing = await engine.FindAsync();
        var running = missing is null ? await engine.RunningAsync() : new HashSet<string>();
        List<Finding> findings =
        [
            .. await ParametersCheck.FindAsync(model),
            .. MemoryCheck.Find(plan, MemoryCheck.AvailableMiB(), running),
            .. MapCountCheck.Find(plan, MapCountCheck.Current()),
        ];
        if (missing is not null)
            findings.Add(missing);
        else
            findings.AddRange([.. PortsCheck.Find(plan, running), .. await TunnelCheck.FindAsync(model, engine)]);
        if (findings.Count > 0)
            throw new StackException(string.Join(Environment.NewLine + LocalProgram.Name + ": ", findings.Select(finding => finding.Line)), findings[0].ExitCode);
    }
}
