using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Resources;

/// <summary>Jaeger 2, with the configuration of <c>tracing/</c>.</summary>
/// <param name="name">The name of the resource.</param>
internal sealed class JaegerResource(string name) : ContainerResource(name)
{
    /// <summary>Its page and API.</summary>
    public EndpointReference Http => new(this, "http");

    /// <summary>Where it takes OTLP over gRPC.</summary>
    public EndpointReference OtlpGrpc => new(this, "otlp-grpc");
}
