namespace Meshara.AppHost.Plan;

/// <summary>A server of the stack.</summary>
/// <param name="Name">Its name in <c>--without</c>, and its host name for other containers.</param>
/// <param name="Image">Its container image.</param>
/// <param name="MemoryMiB">Its memory limit.</param>
/// <param name="Processors">Its CPU limit, in processors.</param>
internal sealed record StackPart(string Name, ContainerImage Image, int MemoryMiB, double Processors)
{
    /// <summary>The endpoints it listens on.</summary>
    public IReadOnlyList<StackPartEndpoint> Endpoints { get; init; } = [];

    /// <summary>The health check to run in its container, in Docker's form: <c>CMD</c> or <c>CMD-SHELL</c> first.</summary>
    public IReadOnlyList<string> HealthCheck { get; init; } = [];

    /// <summary>Names of its installed program, in order of preference.</summary>
    public required IReadOnlyList<string> Programs { get; init; }

    /// <summary>How to install its program: a command or a link.</summary>
    public required string Install { get; init; }

    /// <summary>True if its container needs a hosting package that a restricted package source may lack.</summary>
    public bool NeedsPackage { get; init; }

    /// <summary>True if its container is expected to end.</summary>
    public bool Ends { get; init; }

    /// <summary>The server it depends on; null if none.</summary>
    public StackPart? Needs { get; init; }

    /// <summary>Catches the alert mails.</summary>
    public static StackPart Mailpit { get; } = new("mailpit", ContainerImage.Mailpit, 128, 0.5)
    {
        Programs = ["mailpit"],
        Install = "https://mailpit.axllent.org/docs/install",
        Endpoints = [new("http", 8025, ports => ports.MailpitHttp), new("smtp", 1025, ports => ports.MailpitSmtp)],
        HealthCheck = ["CMD", "/mailpit", "readyz"],
    };

    /// <summary>Routes alerts.</summary>
    public static StackPart Alertmanager { get; } = new("alertmanager", ContainerImage.Alertmanager, 128, 0.5)
    {
        Programs = ["alertmanager", "prometheus-alertmanager"],
        Install = "apt-get install prometheus-alertmanager",
        Endpoints = [new("http", 9093, ports => ports.Alertmanager)],
        HealthCheck = ["CMD", "wget", "-q", "-O", "/dev/null", "http://localhost:9093/-/ready"],
    };

    /// <summary>Stores logs and traces.</summary>
    public static StackPart Elasticsearch { get; } = new("elasticsearch", ContainerImage.Elasticsearch, 1536, 2)
    {
        Programs = ["elasticsearch"],
        Install = "https://www.elastic.co/downloads/elasticsearch",
        NeedsPackage = true,
        Endpoints = [new("http", 9200, ports => ports.Elasticsearch)],
        HealthCheck =
        [
            "CMD-SHELL",
            "curl -sf -u elastic:$$ELASTIC_PASSWORD 'http://localhost:9200/_cluster/health?wait_for_status=yellow&timeout=5s'",
        ],
    };

    /// <summary>Exposes Elasticsearch's metrics to Prometheus.</summary>
    public static StackPart ElasticsearchExporter { get; } = new("elasticsearch-exporter", ContainerImage.ElasticsearchExporter, 64, 0.2)
    {
        Programs = ["elasticsearch_exporter", "prometheus-elasticsearch-exporter"],
        Install = "apt-get install prometheus-elasticsearch-exporter",
        Endpoints = [new("http", 9114, ports => ports.ElasticsearchExporter)],
        Needs = Elasticsearch,
        HealthCheck = ["CMD", "wget", "-q", "-O", "/dev/null", "http://localhost:9114/healthz"],
    };

    /// <summary>Receives and shows traces.</summary>
    public static StackPart Jaeger { get; } = new("jaeger", ContainerImage.Jaeger, 512, 1)
    {
        Programs = ["jaeger"],
        Install = "https://www.jaegertracing.io/download",
        Endpoints =
        [
            new("http", 16686, ports => ports.Jaeger),
            new("otlp-grpc", 4317, ports => ports.OtlpGrpc),
            new("otlp-http", 4318, ports => ports.OtlpHttp),
        ],
        HealthCheck = ["CMD", "wget", "-q", "-O", "/dev/null", "http://localhost:13133/status"],
    };

    /// <summary>Shows logs.</summary>
    public static StackPart Kibana { get; } = new("kibana", ContainerImage.Kibana, 1024, 1)
    {
        Programs = ["kibana"],
        Install = "https://www.elastic.co/downloads/kibana",
        Endpoints = [new("http", 5601, ports => ports.Kibana)],
        Needs = Elasticsearch,
        HealthCheck = ["CMD", "curl", "-sf", "-o", "/dev/null", "http://localhost:5601/api/status"],
    };

    /// <summary>Ships logs.</summary>
    public static StackPart Filebeat { get; } = new("filebeat", ContainerImage.Filebeat, 256, 0.5)
    {
        Programs = ["filebeat"],
        Install = "https://www.elastic.co/downloads/beats/filebeat",
        HealthCheck = ["CMD", "filebeat", "test", "output", "--strict.perms=false"],
        Needs = Elasticsearch,
    };

    /// <summary>Scrapes metrics and evaluates the rules.</summary>
    public static StackPart Prometheus { get; } = new("prometheus", ContainerImage.Prometheus, 768, 1)
    {
        Programs = ["prometheus"],
        Install = "apt-get install prometheus",
        Endpoints = [new("http", 9090, ports => ports.Prometheus)],
        HealthCheck = ["CMD", "wget", "-q", "-O", "/dev/null", "http://localhost:9090/-/ready"],
    };

    /// <summary>Shows dashboards.</summary>
    public static StackPart Grafana { get; } = new("grafana", ContainerImage.Grafana, 384, 1)
    {
        Programs = ["grafana"],
        Install = "https://grafana.com/grafana/download",
        Endpoints = [new("http", 3000, ports => ports.Grafana)],
        HealthCheck = ["CMD", "wget", "-q", "-O", "/dev/null", "http://localhost:3000/api/health"],
    };

    /// <summary>All servers; each comes after the one it depends on.</summary>
    public static IReadOnlyList<StackPart> All { get; } =
        [Mailpit, Alertmanager, Elasticsearch, ElasticsearchExporter, Jaeger, Kibana, Filebeat, Prometheus, Grafana];

    /// <summary>All servers, as a set.</summary>
    public static IReadOnlySet<StackPart> Everything { get; } = All.ToHashSet();

    /// <summary>The servers that remain when the named ones, and those that depend on them, are left out.</summary>
    /// <param name="names">Names of the servers to leave out.</param>
    public static IReadOnlySet<StackPart> Without(IEnumerable<string> names)
    {
        var left = names.ToHashSet(StringComparer.Ordinal);
        bool Remains(StackPart part) => !left.Contains(part.Name) && (part.Needs is null || !left.Contains(part.Needs.Name));
        return left.Count == 0 ? Everything : All.Where(Remains).ToHashSet();
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
