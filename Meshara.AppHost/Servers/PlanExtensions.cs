using Aspire.Hosting;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Servers;

/// <summary>Carries the plan in the builder's services, so that AppHost.cs need not pass it to every call.</summary>
internal static class PlanExtensions
{
    /// <summary>The plan to run or export.</summary>
    public static MeshPlan Plan(this IDistributedApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return (MeshPlan)builder.Services.Single(service => service.ServiceType == typeof(MeshPlan)).ImplementationInstance!;
    }
}
