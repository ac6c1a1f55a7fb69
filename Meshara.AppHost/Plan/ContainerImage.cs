namespace Meshara.AppHost.Plan;

/// <summary>An image, pinned to the tag that this stack is tested with.</summary>
/// <param name="Registry">The registry's host name.</param>
/// <param name="Repository">Its repository in the registry.</param>
/// <param name="Tag">The pinned tag; never <c>latest</c>.</param>
internal sealed record ContainerImage(string Registry, string Repository, string Tag)
{
    private const string DockerHub = "docker.io";
    private const string Elastic = "docker.elastic.co";
    private const string Quay = "quay.io";

    // Elasticsearch, Kibana and Filebeat are only supported together at the same version.
    private const string ElasticTag = "9.5.1";

    /// <summary>The long-term support release, which Debian packages too.</summary>
    public static ContainerImage Prometheus { get; } = new(DockerHub, "prom/prometheus", "v3.5.3");

    /// <summary>Groups, routes and silences alerts.</summary>
    public static ContainerImage Alertmanager { get; } = new(DockerHub, "prom/alertmanager", "v0.33.1");

    /// <summary>Shows dashboards.</summary>
    public static ContainerImage Grafana { get; } = new(DockerHub, "grafana/grafana", "13.1.3");

    /// <summary>Receives and shows traces.</summary>
    public static ContainerImage Jaeger { get; } = new(DockerHub, "jaegertracing/jaeger", "2.20.0");

    /// <summary>Deletes the indices of old traces.</summary>
    public static ContainerImage JaegerCleaner { get; } = new(DockerHub, "jaegertracing/jaeger-es-index-cleaner", Jaeger.Tag);

    /// <summary>Creates the indices and aliases that Jaeger writes through.</summary>
    public static ContainerImage JaegerRollover { get; } = new(DockerHub, "jaegertracing/jaeger-es-rollover", Jaeger.Tag);

    /// <summary>Fans telemetry out to more than one backend.</summary>
    public static ContainerImage Collector { get; } = new(DockerHub, "otel/opentelemetry-collector-contrib", "0.159.0");

    /// <summary>Stores logs and traces.</summary>
    public static ContainerImage Elasticsearch { get; } = new(Elastic, "elasticsearch/elasticsearch", ElasticTag);

    /// <summary>Exposes Elasticsearch's metrics in Prometheus' format, which Elasticsearch itself does not offer.</summary>
    public static ContainerImage ElasticsearchExporter { get; } = new(Quay, "prometheuscommunity/elasticsearch-exporter", "v1.11.0");

    /// <summary>Shows logs.</summary>
    public static ContainerImage Kibana { get; } = new(Elastic, "kibana/kibana", ElasticTag);

    /// <summary>Ships logs.</summary>
    public static ContainerImage Filebeat { get; } = new(Elastic, "beats/filebeat", ElasticTag);

    /// <summary>Catches the alert mails of a mesh on the developer's machine.</summary>
    public static ContainerImage Mailpit { get; } = new(DockerHub, "axllent/mailpit", "v1.30.5");

    /// <summary>
    /// The node's image, as <c>dotnet publish -t:PublishContainer</c> builds it. The name has no registry because the image is built where
    /// the sources are.
    /// </summary>
    public static string Node { get; } = $"meshara-node:{typeof(ContainerImage).Assembly.GetName().Version!.ToString(3)}";

    /// <summary>Every image that is pulled.</summary>
    public static IReadOnlyList<ContainerImage> All { get; } =
        [
            Prometheus, Alertmanager, Grafana, Jaeger, JaegerCleaner, JaegerRollover, Collector, Elasticsearch, ElasticsearchExporter, Kibana,
            Filebeat, Mailpit,
        ];

    /// <summary>The full reference, as passed to a container engine.</summary>
    public override string ToString() => $"{Registry}/{Repository}:{Tag}";
}
