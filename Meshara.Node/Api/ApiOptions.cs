using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Meshara.Node.Api;

/// <summary>Section <c>Api</c>: where the HTTP API and the health endpoints listen, and who may use the API.</summary>
public sealed class ApiOptions
{
    /// <summary>
    /// An IP address or <c>localhost</c>. Anything but loopback needs a <see cref="Token"/>, and should have a
    /// <see cref="CertificateFile"/>.
    /// </summary>
    [Required(ErrorMessage = "Api:Host is empty.")]
    public string Host { get; set; } = "127.0.0.1";

    /// <summary>Port of the API and of the health endpoints; 0 takes a free one.</summary>
    [Range(0, IPEndPoint.MaxPort)]
    public int Port { get; set; } = 8080;

    /// <summary>
    /// Connections to <see cref="Port"/> at the most, fewer when the process may have few files open. One more takes the place of one
    /// without a request.
    /// </summary>
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = 1024;

    /// <summary>
    /// The bearer token (RFC 6750) that <c>/api</c> and <c>/openapi</c> ask for; null or empty asks for none. Set it
    /// through the environment (<c>Api__Token</c>): a command line can be read by every user of the machine.
    /// </summary>
    public string? Token { get; set; }

    /// <summary>A file whose first line is <see cref="Token"/>, instead of that.</summary>
    public string? TokenFile { get; set; }

    /// <summary>
    /// PEM file with the certificate of <see cref="Port"/> and those between it and its authority; with it the port speaks TLS and nothing
    /// else. It and <see cref="CertificateKeyFile"/> may be renewed while the node runs. <c>Metrics:Port</c>, when it is another one, stays
    /// plain.
    /// </summary>
    public string? CertificateFile { get; set; }

    /// <summary>PEM file with the unencrypted private key of <see cref="CertificateFile"/>.</summary>
    public string? CertificateKeyFile { get; set; }
}
