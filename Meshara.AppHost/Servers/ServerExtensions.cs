using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Meshara.AppHost.Export;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Servers;

/// <summary>Sets up what all servers share: where they run, their ports, their limits and their place in the compose file.</summary>
internal static class ServerExtensions
{
    private const string Missing = "Missing";

    /// <summary>
    /// Adds a server where the plan puts it. A server that is left out is not added to the model, but other servers can still refer to it.
    /// </summary>
    /// <param name="builder">The application.</param>
    /// <param name="part">The server's description.</param>
    /// <param name="container">Configures its container.</param>
    /// <param name="program">Configures its program.</param>
    public static IResourceBuilder<IServerResource> AddServer(
        this IDistributedApplicationBuilder builder, StackPart part,
        Action<IResourceBuilder<ServerContainer>> container, Action<IResourceBuilder<ServerProgram>> program)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(container);
        ArgumentNullException.ThrowIfNull(program);
        var plan = builder.Plan();
        switch (plan.Place(part))
        {
            case Placement.Container:
                var contained = builder.AddContainer(new ServerContainer(part), part, plan);
                container(contained);
                return contained;
            case Placement.Program(var path):
                var installed = builder.AddProgram(new ServerProgram(part, path, plan.Files.Server(part.Name)), plan);
                program(installed);
                return installed;
            case Placement.Missing(var reason):
                return builder.AddMissing(new MissingServer(part), reason);
            default:
                return builder.CreateResourceBuilder(new MissingServer(part));
        }
    }

    /// <summary>Adds a container of the stack.</summary>
    public static IResourceBuilder<ServerContainer> AddContainer(
        this IDistributedApplicationBuilder builder, ServerContainer resource, StackPart part, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddResource(resource).AsPart(part, plan);
    }

    /// <summary>Sets the image, limits, endpoints and compose settings of a container.</summary>
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
            // The resource of a hosting package already declares its endpoint.
            var known = resource.Resource.Annotations.OfType<EndpointAnnotation>();
            if (known.FirstOrDefault(annotation => annotation.Name == endpoint.Name) is { } declared)
                declared.Port = endpoint.HostPort(plan.Stack.Ports);
            else
                resource.WithEndpoint(endpoint.HostPort(plan.Stack.Ports), endpoint.Port, endpoint.Scheme, endpoint.Name);
        }

        return resource.PublishAsComposeService(part, plan);
    }

    /// <summary>Writes a program's configuration into its folder just before anything starts.</summary>
    public static IResourceBuilder<ServerProgram> WithFolder(this IResourceBuilder<ServerProgram> program, Action<string> write)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(write);
        program.ApplicationBuilder.Eventing.Subscribe<BeforeStartEvent>((_, _) =>
        {
            write(program.Resource.WorkingDirectory);
            return Task.CompletedTask;
        });
        return program;
    }

    /// <summary>A server's address on this machine, as host:port.</summary>
    public static string Listen(this MeshPlan plan, StackPart part, string endpoint = "http")
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(part);
        var port = part.Endpoints.Single(each => each.Name == endpoint).HostPort(plan.Stack.Ports);
        return string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
    }

    /// <summary>Sets a server's readiness probe, icon and link.</summary>
    public static IResourceBuilder<IServerResource> WithPage(
        this IResourceBuilder<IServerResource> server, string icon, string title, string path = "/", string? ready = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        if (server.Resource.Actual is null)
            return server;
        if (ready is not null)
            server.WithHttpProbe(ProbeType.Readiness, ready);
        return server.WithIconName(icon).WithUrlForEndpoint("http", url => (url.Url, url.DisplayText) = (path, title));
    }

    /// <summary>Adds another link to a page of the same server.</summary>
    public static IResourceBuilder<IServerResource> WithLink(this IResourceBuilder<IServerResource> server, string title, string path)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.Resource.Actual is null
            ? server
            : server.WithUrlForEndpoint("http", _ => new ResourceUrlAnnotation { Url = path, DisplayText = title });
    }

    /// <summary>Starts a resource once a server is healthy, or at once if the server does not run.</summary>
    public static IResourceBuilder<T> WaitForServer<T>(this IResourceBuilder<T> resource, IResourceBuilder<IServerResource> server)
        where T : IResourceWithWaitSupport
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(server);
        return server.Resource.Actual is { } actual && resource.Resource is not MissingServer
            ? resource.WaitFor(resource.ApplicationBuilder.CreateResourceBuilder(actual))
            : resource;
    }

    /// <summary>
    /// On this machine, starts a resource once a server is healthy. A deployed resource can do without the server and does not
    /// wait: a missing server must block nothing else, and compose recreates the dependents of every service it recreates.
    /// </summary>
    public static IResourceBuilder<T> StartAfter<T>(this IResourceBuilder<T> resource, IResourceBuilder<IServerResource> server)
        where T : IResourceWithWaitSupport
    {
        ArgumentNullException.ThrowIfNull(resource);
        return resource.ApplicationBuilder.ExecutionContext.IsRunMode ? resource.WaitForServer(server) : resource;
    }

    /// <summary>True if both run and reach each other by the names used in the configuration files.</summary>
    public static bool Reaches(this IResourceBuilder<IServerResource> server, IResourceBuilder<IServerResource> other)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(other);
        return server.Resource.Actual is not null && other.Resource.Actual is not null
            && server.Resource.IsContainer == other.Resource.IsContainer;
    }

    private static IResourceBuilder<ServerProgram> AddProgram(
        this IDistributedApplicationBuilder builder, ServerProgram resource, MeshPlan plan)
    {
        var program = builder.AddResource(resource).WithFolder(folder => Directory.CreateDirectory(folder));
        foreach (var endpoint in resource.Part.Endpoints)
        {
            var port = endpoint.HostPort(plan.Stack.Ports);
            program.WithEndpoint(port, port, endpoint.Scheme, endpoint.Name, isProxied: false);
        }

        return program;
    }

    private static IResourceBuilder<MissingServer> AddMissing(
        this IDistributedApplicationBuilder builder, MissingServer resource, string reason)
    {
        var remedy = resource.Part.Needs is { } needed ? $"needs {needed}" : $"install {resource.Part.Programs[0]} or start Docker";
        return builder.AddResource(resource).ExcludeFromManifest().WithIconName("PlugDisconnected")
            .WithInitialState(new CustomResourceSnapshot
            {
                ResourceType = Missing,
                // The dashboard strips punctuation from a state but shows a source verbatim.
                State = new ResourceStateSnapshot($"{Missing}, {remedy}", KnownResourceStateStyles.Warn),
                CreationTimeStamp = DateTime.UtcNow,
                Properties = [new(CustomResourceKnownProperties.Source, reason)],
            });
    }
}
