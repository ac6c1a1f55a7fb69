using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;
using Meshara.Harness;

namespace Meshara.AppHost.Export;

/// <summary>
/// Adds what Aspire's model does not express to the compose file, so that it runs on another machine unchanged. In a build without
/// Aspire.Hosting.Docker (ComposeExport.Docker.cs) nothing is exported, and these methods do nothing.
/// </summary>
internal static partial class ComposeExport
{
    /// <summary>Home of the image's user: a volume mounted here inherits the folder's ownership, so the node can write to it.</summary>
    public const string NodeFolder = "/home/app";

    /// <summary>The environment in Aspire's model.</summary>
    public const string EnvironmentName = "meshara";

    /// <summary>The volume for the log files of all nodes.</summary>
    public const string LogVolume = "logs";

    /// <summary>Makes Aspire publish the application as a compose file.</summary>
    public static void AddComposeEnvironment(this IDistributedApplicationBuilder builder) => AddEnvironment(builder);

    /// <summary>Customizes a server's compose service.</summary>
    public static IResourceBuilder<T> PublishAsComposeService<T>(this IResourceBuilder<T> server, StackPart part, MeshPlan plan)
        where T : ContainerResource
    {
        PublishServer(server, part, plan);
        return server;
    }

    /// <summary>Customizes a node's compose service.</summary>
    /// <param name="resource">The node.</param>
    /// <param name="node">Its place in the stack.</param>
    /// <param name="httpPort">Its API port in the container.</param>
    public static IResourceBuilder<T> PublishNodeAsComposeService<T>(this IResourceBuilder<T> resource, StackNode node, int httpPort)
        where T : ContainerResource
    {
        PublishNode(resource, node, httpPort);
        return resource;
    }

    /// <summary>Mounts a secret into a container as a file. The value comes from the environment of <c>docker compose</c>.</summary>
    public static IResourceBuilder<T> PublishSecretFile<T>(
        this IResourceBuilder<T> server, string path, IResourceBuilder<ParameterResource> secret)
        where T : ContainerResource
    {
        PublishSecret(server, path, secret);
        return server;
    }

    /// <summary>Sets a container's working directory.</summary>
    public static IResourceBuilder<T> PublishInFolder<T>(this IResourceBuilder<T> server, string folder)
        where T : ContainerResource
    {
        PublishWorkingFolder(server, folder);
        return server;
    }

    static partial void AddEnvironment(IDistributedApplicationBuilder builder);

    static partial void PublishServer(IResourceBuilder<ContainerResource> server, StackPart part, MeshPlan plan);

    static partial void PublishNode(IResourceBuilder<ContainerResource> resource, StackNode node, int httpPort);

    static partial void PublishSecret(IResourceBuilder<ContainerResource> server, string path, IResourceBuilder<ParameterResource> secret);

    static partial void PublishWorkingFolder(IResourceBuilder<ContainerResource> server, string folder);
}
