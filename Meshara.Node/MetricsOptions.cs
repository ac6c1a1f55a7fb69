using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Meshara.Node;

/// <summary>Section <c>Metrics</c>: where Prometheus scrapes.</summary>
public sealed class MetricsOptions
{
    /// <summary>Port of <c>/metrics</c> on <c>Api:Host</c>; may equal <c>Api:Port</c>; 0 takes a free one.</summary>
    [Range(0, IPEndPoint.MaxPort)]
    public int Port { get; set; } = 9090;
}
