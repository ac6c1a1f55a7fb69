using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;
using Meshara.Harness;

namespace Meshara.AppHost.Export;

/// <summary>
/// What the compose file says beyond Aspire's model, so that it runs on another machine as it is. Without Aspire.Hosting.Docker
/// (ComposeExport.Docker.cs) nothing is exported, and these calls do nothing.
/// </summary>
internal static partial class ComposeExport
{
    /// <summary>The home of the image's user: the one folder that a volume mounted there inherits for it.</summary>
    public const string NodeFolder = "/home/app";

    /// <summary>The volume that all nodes write their log files to.</summary>
    public const string LogVolume = "logs";

    /// <summary>Exports the application as a compose file.</summary>
    public static void AddComposeEnvironment(this IDistributedApplicationBuilder builder) => AddEnvironment(builder);

    /// <summary>Says how a server runs under compose.</summary>
    public static IResourceBuilder<T> PublishAsComposeService<T>(this IResourceBuilder<T> server, StackPart part, MeshPlan plan)
        where T : ContainerResource
    {
        PublishServer(server, part, plan);
        return server;
    }

    /// <summary>Says how a node runs under compose.</summary>
    /// <param name="resource">The node.</param>
    /// <param name="node">Which node of the stack.</param>
    /// <param name="httpPort">Where its API listens in the container.</param>
    public static IResourceBuilder<T> PublishNodeAsComposeService<T>(this IResourceBuilder<T> resource, StackNode node, int httpPort)
        where T : ContainerResource
    {
        PublishNode(resource, node, httpPort);
        return resource;
    }

    /// <summary>Gives a container a secret as a file. The value comes from the environment of <c>docker compose</c>.</summary>
    public static IResourceBuilder<T> PublishSecretFile<T>(
        this IResourceBuilder<T> server, string path, IResourceBuilder<ParameterResource> secret)
        where T : ContainerResource
    {
        PublishSecret(server, path, secret);
        return server;
    }

    /// <summary>Starts the program of a container in a folder of its own.</summary>
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
