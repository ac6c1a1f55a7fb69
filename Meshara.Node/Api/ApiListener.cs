using System.Net;
using Meshara.Node.Delivery;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Api;

/// <summary>Where Kestrel listens – <c>Api:Port</c>, and <c>Metrics:Port</c> when it differs – and how large a body may be.</summary>
internal sealed class ApiListener(
    IOptions<ApiOptions> api, IOptions<MetricsOptions> metrics, IOptions<DeliveryOptions> delivery, TimeProvider time, ILoggerFactory loggers)
    : IConfigureOptions<KestrelServerOptions>
{
    /// <summary>
    /// A byte of text takes at most six characters in JSON (<c>\u0001</c>), more than base64's 4/3, so a message of the
    /// permitted size fits however it is spelt. The rest is room for the other members and white space.
    /// </summary>
    private const int JsonBytesPerByte = 6, RoomForMembers = 4096;

    /// <inheritdoc/>
    public void Configure(KestrelServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = (long)delivery.Value.MaxMessageBytes * JsonBytesPerByte + RoomForMembers;

        Listen(options, api.Value.Port, Limited("API", api.Value.MaxConnections));
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

    private Action<ListenOptions> Limited(string port, int limit)
    {
        var connections = new PortConnections(port, limit, time, loggers.CreateLogger<PortConnections>());
        return listen => listen.Use(next => connection => connections.RunAsync(connection, next));
    }

    private void Listen(KestrelServerOptions options, int port, Action<ListenOptions> configure)
    {
        // "localhost" is two addresses, and Kestrel cannot find one free port for both.
        if (!HostPort.IsLocalhost(api.Value.Host))
            options.Listen(IPAddress.Parse(api.Value.Host), port, configure);
        else if (port == 0)
            options.Listen(IPAddress.Loopback, port, configure);
        else
            options.ListenLocalhost(port, configure);
    }
}
