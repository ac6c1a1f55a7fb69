using System.Reflection;

namespace Meshara.AppHost.Plan;

/// <summary>Optional packages of this build (see ContainerPackages.targets).</summary>
internal static class Packages
{
    /// <summary>The hint to print if they are missing.</summary>
    public const string Remedy = "dotnet restore Meshara.AppHost -p:MesharaContainers=true says why.";

    /// <summary>True if Aspire.Hosting.Docker and Aspire.Hosting.Elasticsearch were restored.</summary>
    public static bool HaveContainers { get; } = typeof(Packages).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Any(attribute => attribute is { Key: "MesharaContainers", Value: "true" });
}
