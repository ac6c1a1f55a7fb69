using System.Net;
using System.Net.Security;
using Meshara.Node.Delivery;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Api;

/// <summary>
/// Configures where Kestrel listens (<c>Api:Port</c>, and <c>Metrics:Port</c> if it differs), and the size limit of a body.
/// </summary>
internal sealed class ApiListener(
    IOptions<ApiOptions> api, IOptions<MetricsOptions> metrics, IOptions<DeliveryOptions> delivery, TimeProvider time, ILoggerFactory loggers)
    : IConfigureOptions<KestrelServerOptions>
{
    /// <summary>
    /// A byte of text takes at most six characters in JSON (<c>\u0001</c>), more than base64's 4/3, so a message of the permitted
    /// size fits in any spelling. The rest is room for the other members and white space.
    /// </summary>
    private const int JsonBytesPerByte = 6, RoomForMembers = 4096;

    /// <inheritdoc/>
    public void Configure(KestrelServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = (long)delivery.Value.MaxMessageBytes * JsonBytesPerByte + RoomForMembers;

        var limitedApi = Limited("API", api.Value.MaxConnections);
        Listen(options, api.Value.Port, api.Value.CertificateFile is { Length: > 0 } ? Secured(limitedApi) : limitedApi);
        if (metrics.Value.Port == api.Value.Port)
            return;
        var limited = Limited("metrics", metrics.Value.MaxConnections);
        Listen(options, metrics.Value.Port, listen =>
        {
            limited(listen);
            listen.Use(next => connection =>
            {
                connection.Features.Set(MetricsListener.Instance);
                return next(connection);
            });
        });
    }

    private Action<ListenOptions> Secured(Action<ListenOptions> configure)
    {
        var (file, key) = (api.Value.CertificateFile!, api.Value.CertificateKeyFile!);
        var certificate = new ApiCertificate(file, key, time, loggers.CreateLogger<ApiCertificate>());
        return listen =>
        {
            configure(listen);
            // The same as without TLS; PortConnections counts one request per connection.
            listen.Protocols = HttpProtocols.Http1;
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(
                    new SslServerAuthenticationOptions { ServerCertificateContext = certificate.Current }),
            });
        };
    }

    private Action<ListenOptions> Limited(string port, int limit)
    {
        var connections = new PortConnections(port, limit, time, loggers.CreateLogger<PortConnections>());
        return listen => listen.Use(next => connection => connections.RunAsync(connection, next));
    }

    private void Listen(KestrelServerOptions options, int port, Action<ListenOptions> configure)
    {
        // "localhost" means two addresses, and Kestrel cannot find one free port for both.
        if (!HostPort.IsLocalhost(api.Value.Host))
            options.Listen(IPAddress.Parse(api.Value.Host), port, configure);
        else if (port == 0)
            options.Listen(IPAddress.Loopback, port, configure);
        else
            options.ListenLocalhost(port, configure);
    }
}
