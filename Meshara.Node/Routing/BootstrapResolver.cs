using System.Net;
using Microsoft.Extensions.ServiceDiscovery;

namespace Meshara.Node.Routing;

/// <summary>
/// Resolves configured bootstrap URIs to endpoints: <c>tcp://host:port</c> as given, <c>meshara://name</c> through service
/// discovery (endpoint name <c>mesh</c>), so that the same URI works under Aspire, Compose and Kubernetes.
/// </summary>
internal sealed class BootstrapResolver(ServiceEndpointResolver resolver)
{
    /// <summary>The port of a node unless configured otherwise.</summary>
    public const int DefaultPort = 8443;

    /// <summary>All endpoints of a bootstrap URI.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Unreachable"/> if the name cannot be resolved.</exception>
    public async Task<IReadOnlyList<EndPoint>> ResolveAsync(Uri bootstrap, CancellationToken cancellationToken)
    {
        if (bootstrap.Port > 0)
            return [Endpoint(bootstrap.Host, bootstrap.Port)];
        try
        {
            // Service discovery matches the scheme of the configured value, which Aspire writes as tcp.
            var source = await resolver.GetEndpointsAsync($"tcp://_mesh.{bootstrap.Host}", cancellationToken);
            return [.. source.Endpoints.Select(endpoint => Normalize(endpoint.EndPoint))];
        }
        catch (Exception e) when (e is InvalidOperationException or System.Net.Sockets.SocketException)
        {
            throw new MesharaException(ErrorCodes.Unreachable, $"Nothing is known about {bootstrap}: {e.Message}", e);
        }
    }

    private static EndPoint Normalize(EndPoint endpoint) => endpoint switch
    {
        IPEndPoint ip => ip.Port == 0 ? new IPEndPoint(ip.Address, DefaultPort) : ip,
        DnsEndPoint dns => Endpoint(dns.Host, dns.Port),
        UriEndPoint uri => Endpoint(uri.Uri.Host, uri.Uri.Port),
        _ => endpoint,
    };

    private static EndPoint Endpoint(string host, int port)
    {
        var effective = port > 0 ? port : DefaultPort;
        return IPAddress.TryParse(host.Trim('[', ']'), out var ip) ? new IPEndPoint(ip, effective) : new DnsEndPoint(host, effective);
    }
}
