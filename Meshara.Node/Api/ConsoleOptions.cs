namespace Meshara.Node.Api;

/// <summary>Section <c>Console</c>: the page that shows the mesh, on <c>Api:Port</c> at <c>/console/</c>.</summary>
public sealed class ConsoleOptions
{
    /// <summary>True to serve the page.</summary>
    public bool Enabled { get; set; }

    /// <summary>
    /// Base URLs of the APIs of other nodes to show. They are asked with this node's <c>Api:Token</c>. Without any, the page shows this
    /// node and its peers as it sees them.
    /// </summary>
    public string[] Nodes { get; set; } = [];

    /// <summary>Base URL of Prometheus, for the alerts.</summary>
    public string? Prometheus { get; set; }

    /// <summary>Base URL of Alertmanager, for the silences.</summary>
    public string? Alertmanager { get; set; }

    /// <summary>URL of Grafana as the reader's browser reaches it.</summary>
    public string? Grafana { get; set; }

    /// <summary>URL of Jaeger as the reader's browser reaches it.</summary>
    public string? Jaeger { get; set; }

    /// <summary>URL of Kibana as the reader's browser reaches it.</summary>
    public string? Kibana { get; set; }

    /// <summary>The servers by name.</summary>
    internal IEnumerable<(string Name, string? Url)> Servers =>
    [
        (nameof(Prometheus), Prometheus), (nameof(Alertmanager), Alertmanager), (nameof(Grafana), Grafana), (nameof(Jaeger), Jaeger),
        (nameof(Kibana), Kibana),
    ];
}
