using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Hosting;
using Meshara.AppHost.Local;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.AppHost.Checks;

/// <summary>Looks for everything that is known to go wrong before anything is started.</summary>
internal static class Preflight
{
    /// <summary>Checks, the cheapest first; what depends on the engine only when there is one.</summary>
    /// <exception cref="StackException">A line for each thing that has to be put right.</exception>
    public static async Task CheckAsync(DistributedApplication application, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(application);
        ArgumentNullException.ThrowIfNull(plan);
        var model = application.Services.GetRequiredService<DistributedApplicationModel>();
        var engine = ContainerEngine.FromEnvironment();
        List<Finding> findings =
        [
            .. await ParametersCheck.FindAsync(model),
            .. MemoryCheck.Find(plan, MemoryCheck.AvailableMiB()),
            .. MapCountCheck.Find(plan, MapCountCheck.Current()),
        ];
        if (await engine.FindAsync() is { } missing)
            findings.Add(missing);
        else
            findings.AddRange([.. PortsCheck.Find(plan, await engine.RunningAsync()), .. await TunnelCheck.FindAsync(model, engine)]);
        if (findings.Count > 0)
            throw new StackException(string.Join(Environment.NewLine + LocalProgram.Name + ": ", findings.Select(finding => finding.Line)), findings[0].ExitCode);
    }
}
