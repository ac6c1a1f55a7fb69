using Aspire.Hosting;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Servers;

/// <summary>The plan travels with the builder, so that a line of AppHost.cs names what it adds and nothing else.</summary>
internal static class PlanExtensions
{
    /// <summary>What is to be run or exported.</summary>
    public static MeshPlan Plan(this IDistributedApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return (MeshPlan)builder.Services.Single(service => service.ServiceType == typeof(MeshPlan)).ImplementationInstance!;
    }
}
