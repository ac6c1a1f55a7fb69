using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Hosting;

/// <summary>What every container of the stack has in common: the pinned image, its ports, its limits, its place in the compose file.</summary>
internal static class PartExtensions
{
    /// <summary>Adds a container to the stack.</summary>
    public static IResourceBuilder<T> AddPart<T>(this IDistributedApplicationBuilder builder, T resource, StackPart part, MeshPlan plan)
        where T : ContainerResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddResource(resource).AsPart(part, plan);
    }

    /// <summary>Gives a container of the stack what all have.</summary>
    public static IResourceBuilder<T> AsPart<T>(this IResourceBuilder<T> resource, StackPart part, MeshPlan plan)
        where T : ContainerResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(part);
        ArgumentNullException.ThrowIfNull(plan);
        resource.WithImage(part.Image.Repository, part.Image.Tag).WithImageRegistry(part.Image.Registry)
            .WithContainerRuntimeArgs("--memory", $"{part.MemoryMiB}m", "--cpus", part.Processors.ToString(CultureInfo.InvariantCulture));
        foreach (var endpoint in part.Endpoints)
        {
            // A package's own resource has declared its endpoint already.
            if (resource.Resource.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(known => known.Name == endpoint.Name) is { } declared)
                declared.Port = endpoint.HostPort(plan.Stack.Ports);
            else
                resource.WithEndpoint(endpoint.HostPort(plan.Stack.Ports), endpoint.Port, Scheme(endpoint.Name), endpoint.Name);
        }

        return resource.PublishAsComposeService(part, plan);
    }

    /// <summary>Gives the link to a page its name in the dashboard, and the page.</summary>
    public static IResourceBuilder<T> WithPage<T>(this IResourceBuilder<T> resource, string title, string path = "/")
        where T : IResourceWithEndpoints => resource.WithUrlForEndpoint("http", url =>
        {
            url.DisplayText = title;
            url.Url = path;
        });

    /// <summary>Adds a further named link to a page of the same server.</summary>
    public static IResourceBuilder<T> WithLink<T>(this IResourceBuilder<T> resource, string title, string path)
        where T : IResourceWithEndpoints => resource.WithUrlForEndpoint("http", _ => new ResourceUrlAnnotation { Url = path, DisplayText = title });

    private static string Scheme(string endpoint) => endpoint is "smtp" ? "tcp" : "http";
}
