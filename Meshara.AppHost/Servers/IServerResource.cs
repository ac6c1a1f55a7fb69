using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Servers;

/// <summary>A server of the stack: a container, a program on this machine, or missing.</summary>
internal interface IServerResource
    : IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport, IResourceWithProbes
{
    /// <summary>The server's description.</summary>
    StackPart Part { get; }

    /// <summary>The resource in the model; null if the server does not run.</summary>
    IResourceWithEndpoints? Actual => this;

    /// <summary>True if the server runs in a container.</summary>
    bool IsContainer => Actual is ContainerResource;

    /// <summary>Its page and API.</summary>
    /// <exception cref="InvalidOperationException">The server does not run.</exception>
    EndpointReference Http => Endpoint("http");

    /// <summary>One of its endpoints.</summary>
    /// <exception cref="InvalidOperationException">The server does not run.</exception>
    EndpointReference Endpoint(string name) => new(Actual ?? throw new InvalidOperationException($"{Name} does not run"), name);
}
