using Aspire.Hosting.ApplicationModel;
using Meshara.Harness;

namespace Meshara.AppHost.Mesh;

/// <summary>A node: a process on this machine when the stack runs, a container when it is exported.</summary>
internal interface IMeshNodeResource
    : IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport, IResourceWithProbes
{
    /// <summary>Its place in the stack: name, ports and bootstrap peers.</summary>
    StackNode Node { get; }

    /// <summary>Where peers connect.</summary>
    EndpointReference Mesh => new(this, Stack.MeshEndpoint);

    /// <summary>Serves its API and health.</summary>
    EndpointReference Http => new(this, "http");

    /// <summary>Scraped by Prometheus.</summary>
    EndpointReference Metrics => new(this, "metrics");
}
