using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Servers;

/// <summary>Containers that take a minute to start stay when the host ends.</summary>
internal static class Lifetimes
{
    /// <summary>Keeps a container under a name of its own, so that the next run finds it as it is.</summary>
    public static IResourceBuilder<T> StayingUp<T>(this IResourceBuilder<T> resource)
        where T : ContainerResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        return resource.ApplicationBuilder.ExecutionContext.IsRunMode
            ? resource.WithLifetime(ContainerLifetime.Persistent)
                .WithContainerName(resource.ApplicationBuilder.Plan().Named(resource.Resource.Name))
            : resource;
    }

    /// <summary>Keeps a folder of a container in a volume, which belongs to this mesh.</summary>
    public static IResourceBuilder<T> WithMeshVolume<T>(this IResourceBuilder<T> resource, string target)
        where T : ContainerResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        return resource.WithVolume(resource.VolumeName(), target);
    }

    /// <summary>Name of the volume of a container.</summary>
    public static string VolumeName<T>(this IResourceBuilder<T> resource)
        where T : ContainerResource =>
        resource.ApplicationBuilder.ExecutionContext.IsRunMode
            ? resource.ApplicationBuilder.Plan().Named(resource.Resource.Name)
            : $"{resource.Resource.Name}-data";
}
