using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Meshara.Node;

/// <summary>Section <c>Metrics</c>: where Prometheus scrapes.</summary>
public sealed class MetricsOptions
{
    /// <summary>Port of <c>/metrics</c> on <c>Api:Host</c>; may equal <c>Api:Port</c>; 0 picks a free port.</summary>
    [Range(0, IPEndPoint.MaxPort)]
    public int Port { get; set; } = 9090;

    /// <summary>
    /// The most connections to <see cref="Port"/>, if it differs from the API's port; see
    /// <see cref="Api.ApiOptions.MaxConnections"/>.
    /// </summary>
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = 64;
}
