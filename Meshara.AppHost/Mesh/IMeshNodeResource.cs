using Aspire.Hosting.ApplicationModel;
using Meshara.Harness;

namespace Meshara.AppHost.Mesh;

/// <summary>A node: a process of this machine when the stack runs, a container where it is exported to.</summary>
internal interface IMeshNodeResource
    : IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport, IResourceWithProbes
{
    /// <summary>Which node of the stack it is.</summary>
    StackNode Node { get; }

    /// <summary>Where peers connect.</summary>
    EndpointReference Mesh => new(this, Stack.MeshEndpoint);

    /// <summary>Its API and health.</summary>
    EndpointReference Http => new(this, "http");

    /// <summary>What Prometheus scrapes.</summary>
    EndpointReference Metrics => new(this, "metrics");
}
