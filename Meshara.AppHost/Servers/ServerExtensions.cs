using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Meshara.AppHost.Export;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Servers;

/// <summary>
/// What the servers of the stack have in common: where they run, their ports, their limits, their place in the compose file.
/// </summary>
internal static class ServerExtensions
{
    private const string Missing = "Missing";

    /// <summary>
    /// Adds a server where the plan puts it. One that is left out stands in no model, but can be named by the others all the same.
    /// </summary>
    /// <param name="builder">The application.</param>
    /// <param name="part">Which server.</param>
    /// <param name="container">Sets up its container.</param>
    /// <param name="program">Sets up its program.</param>
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
            var known = resource.Resource.Annotations.OfType<EndpointAnnotation>();
            if (known.FirstOrDefault(annotation => annotation.Name == endpoint.Name) is { } declared)
                declared.Port = endpoint.HostPort(plan.Stack.Ports);
            else
                resource.WithEndpoint(endpoint.HostPort(plan.Stack.Ports), endpoint.Port, endpoint.Scheme, endpoint.Name);
        }

        return resource.PublishAsComposeService(part, plan);
    }

    /// <summary>Writes what a program reads into its folder, just before anything starts.</summary>
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

    /// <summary>Where a server listens on this machine, as host:port.</summary>
    public static string Listen(this MeshPlan plan, StackPart part, string endpoint = "http")
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(part);
        var port = part.Endpoints.Single(each => each.Name == endpoint).HostPort(plan.Stack.Ports);
        return string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
    }

    /// <summary>Says how a server is known to be ready, what it looks like, and where its page is.</summary>
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

    /// <summary>Adds a further named link to a page of the same server.</summary>
    public static IResourceBuilder<IServerResource> WithLink(this IResourceBuilder<IServerResource> server, string title, string path)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.Resource.Actual is null
            ? server
            : server.WithUrlForEndpoint("http", _ => new ResourceUrlAnnotation { Url = path, DisplayText = title });
    }

    /// <summary>Starts a resource when a server is healthy; at once where that does not run.</summary>
    public static IResourceBuilder<T> WaitForServer<T>(this IResourceBuilder<T> resource, IResourceBuilder<IServerResource> server)
        where T : IResourceWithWaitSupport
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(server);
        return server.Resource.Actual is { } actual && resource.Resource is not MissingServer
            ? resource.WaitFor(resource.ApplicationBuilder.CreateResourceBuilder(actual))
            : resource;
    }

    /// <summary>True when both run, and one reaches the other under the name that configurations give it.</summary>
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
                // The dashboard shows a state without its punctuation and a source as it is.
                State = new ResourceStateSnapshot($"{Missing}, {remedy}", KnownResourceStateStyles.Warn),
                CreationTimeStamp = DateTime.UtcNow,
                Properties = [new(CustomResourceKnownProperties.Source, reason)],
            });
    }
}
