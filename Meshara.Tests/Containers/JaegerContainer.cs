using DotNet.Testcontainers.Configurations;
using Meshara.AppHost.Plan;
using Meshara.Tests.Alerts;
using Meshara.Tests.Dashboards;

namespace Meshara.Tests.Containers;

/// <summary>Jaeger with the project's configuration, storing in Elasticsearch.</summary>
internal sealed class JaegerContainer : IAsyncDisposable
{
    /// <summary>Its name in the network.</summary>
    public const string Name = "jaeger";

    /// <summary>Its port for OTLP over gRPC.</summary>
    public const int OtlpPort = 4317;

    /// <summary>Its port for span metrics, which Prometheus scrapes.</summary>
    public const int SpanMetricsPort = 8889;

    private const int Port = 16686;
    private const int HealthPort = 13133;

    private readonly HttpClient _http;

    private JaegerContainer(HttpClient http) => (_http, Api) = (http, new JaegerApi(http));

    /// <summary>Its API.</summary>
    public JaegerApi Api { get; }

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>Starts it, after Elasticsearch.</summary>
    public static async Task<JaegerContainer> StartAsync(ContainerStack stack)
    {
        var elastic = await stack.UseAsync(ElasticContainer.StartAsync);
        var container = await stack.StartAsync(elastic.Known(await stack.BuilderAsync(ContainerImage.Jaeger, Name, Port, HealthPort))
            .WithBindMount(Path.Combine(AlertFiles.Root, "tracing"), "/etc/jaeger", AccessMode.ReadOnly)
            .WithEnvironment("PROMETHEUS_URL", $"http://{PrometheusContainer.Name}:{PrometheusContainer.Port}")
            .WithCommand("--config", "/etc/jaeger/jaeger.yaml"));
        var jaeger = stack.Own(new JaegerContainer(ContainerStack.Client(container, Port)));
        using var health = ContainerStack.Client(container, HealthPort);
        await stack.UntilAsync("Jaeger is ready", async () => (await health.GetAsync("status", Test)).IsSuccessStatusCode);
        return jaeger;
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }
}
