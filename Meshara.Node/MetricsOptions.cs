using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Meshara.Node;

/// <summary>Section <c>Metrics</c>: where Prometheus scrapes.</summary>
public sealed class MetricsOptions
{
    /// <summary>Port of <c>/metrics</c> on <c>Api:Host</c>; may equal <c>Api:Port</c>; 0 takes a free one.</summary>
    [Range(0, IPEndPoint.MaxPort)]
    public int Port { get; set; } = 9090;

    /// <summary>Connections to <see cref="Port"/> at the most, when it is not the API's; as <see cref="Api.ApiOptions.MaxConnections"/>.</summary>
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = 64;
}
