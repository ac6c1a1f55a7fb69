namespace Meshara.Harness;

/// <summary>
/// The port scheme. Node i listens on <see cref="Mesh"/>+i, <see cref="Http"/>+i and <see cref="Metrics"/>+i; the servers listen on the
/// other ports.
/// </summary>
internal sealed record StackPorts
{
    /// <summary>Size of the port range, starting at the base, that a scheme made by <see cref="From"/> may use.</summary>
    public const int Span = 400;

    /// <summary>Distance from a node's mesh port to the port it listens on behind a proxy; every scheme leaves these ports free.</summary>
    public const int Hidden = 50;

    /// <summary>The lowest base <see cref="From"/> accepts; the ports below 1024 are privileged.</summary>
    public const int MinBase = 1024;

    /// <summary>The highest base <see cref="From"/> accepts.</summary>
    public const int MaxBase = 65535 - Span + 1;

    /// <summary>The default ports; servers keep their usual ones where they have any.</summary>
    public static StackPorts Default { get; } = new();

    /// <summary>Node i's mesh port minus i.</summary>
    public int Mesh { get; init; } = 8443;

    /// <summary>Node i's API and health port minus i.</summary>
    public int Http { get; init; } = 8080;

    /// <summary>Node i's metrics port minus i.</summary>
    public int Metrics { get; init; } = 9464;

    public int Prometheus { get; init; } = 9090;

    public int Alertmanager { get; init; } = 9093;

    public int Grafana { get; init; } = 3000;

    /// <summary>Jaeger's web UI.</summary>
    public int Jaeger { get; init; } = 16686;

    /// <summary>OTLP over gRPC.</summary>
    public int OtlpGrpc { get; init; } = 4317;

    /// <summary>OTLP over HTTP.</summary>
    public int OtlpHttp { get; init; } = 4318;

    public int Elasticsearch { get; init; } = 9200;

    public int Kibana { get; init; } = 5601;

    /// <summary>Mailpit's web UI.</summary>
    public int MailpitHttp { get; init; } = 8025;

    /// <summary>Mailpit's SMTP server.</summary>
    public int MailpitSmtp { get; init; } = 1025;

    /// <summary>The Aspire dashboard.</summary>
    public int Dashboard { get; init; } = 18888;

    /// <summary>The Aspire dashboard's OTLP receiver, over gRPC.</summary>
    public int DashboardOtlp { get; init; } = 18889;

    /// <summary>The page that shows the mesh.</summary>
    public int Page { get; init; } = 18890;

    /// <summary>Jaeger's API over gRPC.</summary>
    public int JaegerGrpc { get; init; } = 16685;

    /// <summary>Jaeger's health endpoint.</summary>
    public int JaegerHealth { get; init; } = 13133;

    /// <summary>Jaeger's own metrics.</summary>
    public int JaegerMetrics { get; init; } = 8888;

    /// <summary>Metrics that Jaeger derives from spans, scraped by Prometheus.</summary>
    public int SpanMetrics { get; init; } = 8889;

    /// <summary>The exporter for Elasticsearch's metrics.</summary>
    public int ElasticsearchExporter { get; init; } = 9114;

    /// <summary>The port of every server.</summary>
    public IEnumerable<int> Servers =>
    [
        Prometheus, Alertmanager, Grafana, Jaeger, OtlpGrpc, OtlpHttp, Elasticsearch, Kibana, MailpitHttp, MailpitSmtp,
        Dashboard, DashboardOtlp, JaegerGrpc, JaegerHealth, JaegerMetrics, SpanMetrics, ElasticsearchExporter, Page,
    ];

    /// <summary>
    /// The scheme of <c>--port-base P</c>: mesh P+i, http P+100+i, metrics P+200+i for node i, and from P+301 on, in this
    /// order, Prometheus, Alertmanager, Grafana, Jaeger, OTLP gRPC, OTLP HTTP, Elasticsearch, Kibana, Mailpit's
    /// page, Mailpit's SMTP, Aspire's dashboard, its OTLP, Jaeger's gRPC, health, own metrics and span metrics,
    /// Elasticsearch's exporter, and the mesh's page.
    /// </summary>
    /// <param name="portBase"><see cref="MinBase"/> to <see cref="MaxBase"/>.</param>
    public static StackPorts From(int portBase)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(portBase, MinBase);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(portBase, MaxBase);
        return new StackPorts
        {
            Mesh = portBase,
            Http = portBase + 100,
            Metrics = portBase + 200,
            Prometheus = portBase + 301,
            Alertmanager = portBase + 302,
            Grafana = portBase + 303,
            Jaeger = portBase + 304,
            OtlpGrpc = portBase + 305,
            OtlpHttp = portBase + 306,
            Elasticsearch = portBase + 307,
            Kibana = portBase + 308,
            MailpitHttp = portBase + 309,
            MailpitSmtp = portBase + 310,
            Dashboard = portBase + 311,
            DashboardOtlp = portBase + 312,
            JaegerGrpc = portBase + 313,
            JaegerHealth = portBase + 314,
            JaegerMetrics = portBase + 315,
            SpanMetrics = portBase + 316,
            ElasticsearchExporter = portBase + 317,
            Page = portBase + 318,
        };
    }
}
