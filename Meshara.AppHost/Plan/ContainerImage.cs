namespace Meshara.AppHost.Plan;

/// <summary>An image and the one tag of it this stack is tested with.</summary>
/// <param name="Registry">Where it is published.</param>
/// <param name="Repository">Its name there.</param>
/// <param name="Tag">The pinned tag; never <c>latest</c>.</param>
internal sealed record ContainerImage(string Registry, string Repository, string Tag)
{
    private const string DockerHub = "docker.io";
    private const string Elastic = "docker.elastic.co";

    // Elasticsearch, Kibana and Filebeat only promise to work together when all three are the same version.
    private const string ElasticTag = "9.5.1";

    /// <summary>The long-term support line, which Debian carries too.</summary>
    public static ContainerImage Prometheus { get; } = new(DockerHub, "prom/prometheus", "v3.5.3");

    /// <summary>Groups, routes and silences alerts.</summary>
    public static ContainerImage Alertmanager { get; } = new(DockerHub, "prom/alertmanager", "v0.33.1");

    /// <summary>Dashboards.</summary>
    public static ContainerImage Grafana { get; } = new(DockerHub, "grafana/grafana", "13.1.3");

    /// <summary>Traces.</summary>
    public static ContainerImage Jaeger { get; } = new(DockerHub, "jaegertracing/jaeger", "2.20.0");

    /// <summary>Fans telemetry out where more than one backend wants it.</summary>
    public static ContainerImage Collector { get; } = new(DockerHub, "otel/opentelemetry-collector-contrib", "0.159.0");

    /// <summary>Stores logs and traces.</summary>
    public static ContainerImage Elasticsearch { get; } = new(Elastic, "elasticsearch/elasticsearch", ElasticTag);

    /// <summary>Shows logs.</summary>
    public static ContainerImage Kibana { get; } = new(Elastic, "kibana/kibana", ElasticTag);

    /// <summary>Ships logs.</summary>
    public static ContainerImage Filebeat { get; } = new(Elastic, "beats/filebeat", ElasticTag);

    /// <summary>Catches the alert mails of a mesh on the developer's machine.</summary>
    public static ContainerImage Mailpit { get; } = new(DockerHub, "axllent/mailpit", "v1.30.5");

    /// <summary>
    /// The node, as <c>dotnet publish -t:PublishContainer</c> builds it on the machine that has the sources; a name without a
    /// registry.
    /// </summary>
    public static string Node { get; } = $"meshara-node:{typeof(ContainerImage).Assembly.GetName().Version!.ToString(3)}";

    /// <summary>Every image of the stack that is pulled.</summary>
    public static IReadOnlyList<ContainerImage> All { get; } =
        [Prometheus, Alertmanager, Grafana, Jaeger, Collector, Elasticsearch, Kibana, Filebeat, Mailpit];

    /// <summary>The full reference, as a container engine pulls it.</summary>
    public override string ToString() => $"{Registry}/{Repository}:{Tag}";
}
