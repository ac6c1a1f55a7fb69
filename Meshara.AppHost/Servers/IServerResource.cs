using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Servers;

/// <summary>A server of the stack: a container, a program of this machine, or missing.</summary>
internal interface IServerResource
    : IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport, IResourceWithProbes
{
    /// <summary>Which server it is.</summary>
    StackPart Part { get; }

    /// <summary>The resource of the model that serves; null where none does.</summary>
    IResourceWithEndpoints? Actual => this;

    /// <summary>True for a container.</summary>
    bool IsContainer => Actual is ContainerResource;

    /// <summary>Its page and API; only where something serves.</summary>
    EndpointReference Http => Endpoint("http");

    /// <summary>One of its endpoints.</summary>
    EndpointReference Endpoint(string name) => new(Actual ?? throw new InvalidOperationException($"{Name} does not run"), name);
}
