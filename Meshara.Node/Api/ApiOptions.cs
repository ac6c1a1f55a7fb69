using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Meshara.Node.Api;

/// <summary>Section <c>Api</c>: where the HTTP API and the health endpoints listen, and who may use the API.</summary>
public sealed class ApiOptions
{
    /// <summary>
    /// An IP address or <c>localhost</c>. Any address other than loopback requires a <see cref="Token"/>, and should have a
    /// <see cref="CertificateFile"/>.
    /// </summary>
    [Required(ErrorMessage = "Api:Host is empty.")]
    public string Host { get; set; } = "127.0.0.1";

    /// <summary>Port of the API and of the health endpoints; 0 picks a free one.</summary>
    [Range(0, IPEndPoint.MaxPort)]
    public int Port { get; set; } = 8080;

    /// <summary>
    /// Maximum number of connections to <see cref="Port"/>; fewer if the process may open only few files. A further one replaces a
    /// connection that has no request under way.
    /// </summary>
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = 1024;

    /// <summary>
    /// The bearer token (RFC 6750) that <c>/api</c> and <c>/openapi</c> require; null or empty requires none. Set it through the
    /// environment (<c>Api__Token</c>), because every user of the machine can read command lines.
    /// </summary>
    public string? Token { get; set; }

    /// <summary>A file whose first line is the <see cref="Token"/>, as an alternative to it.</summary>
    public string? TokenFile { get; set; }

    /// <summary>
    /// PEM file with the certificate of <see cref="Port"/> and its intermediate certificates; the port then accepts TLS
    /// only. It and <see cref="CertificateKeyFile"/> may be renewed while the node runs. A separate <c>Metrics:Port</c>
    /// stays without TLS.
    /// </summary>
    public string? CertificateFile { get; set; }

    /// <summary>PEM file with the unencrypted private key of <see cref="CertificateFile"/>.</summary>
    public string? CertificateKeyFile { get; set; }
}
