using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Servers;

/// <summary>Keeps slow containers and their data between runs of the host.</summary>
internal static class Lifetimes
{
    /// <summary>Keeps a container running under a fixed name. Starting it takes a minute, so the next run reuses it.</summary>
    public static IResourceBuilder<T> StayingUp<T>(this IResourceBuilder<T> resource)
        where T : ContainerResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        return resource.ApplicationBuilder.ExecutionContext.IsRunMode
            ? resource.WithLifetime(ContainerLifetime.Persistent)
                .WithContainerName(resource.ApplicationBuilder.Plan().Named(resource.Resource.Name))
            : resource;
    }

    /// <summary>Keeps a folder of a container in a volume that belongs to this mesh.</summary>
    public static IResourceBuilder<T> WithMeshVolume<T>(this IResourceBuilder<T> resource, string target)
        where T : ContainerResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        return resource.WithVolume(resource.VolumeName(), target);
    }

    /// <summary>Name of a container's volume.</summary>
    public static string VolumeName<T>(this IResourceBuilder<T> resource)
        where T : ContainerResource =>
        resource.ApplicationBuilder.ExecutionContext.IsRunMode
            ? resource.ApplicationBuilder.Plan().Named(resource.Resource.Name)
            : $"{resource.Resource.Name}-data";
}
