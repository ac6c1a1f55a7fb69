namespace Meshara.Tests.Containers;

/// <summary>A mesh whose nodes export every trace to Jaeger and log everything, with a Prometheus that scrapes them.</summary>
internal sealed class ObservedMesh
{
    private ObservedMesh(MeshOfThree mesh, JaegerContainer jaeger, PrometheusContainer prometheus) => (Mesh, Jaeger, Prometheus) = (mesh, jaeger, prometheus);

    public MeshOfThree Mesh { get; }

    public JaegerContainer Jaeger { get; }

    public PrometheusContainer Prometheus { get; }

    /// <summary>Starts the mesh and its monitoring.</summary>
    public static async Task<ObservedMesh> StartAsync(ContainerStack stack)
    {
        var jaeger = await stack.UseAsync(JaegerContainer.StartAsync);
        var mesh = await stack.UseAsync(one => MeshOfThree.StartAsync(one, new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://{JaegerContainer.Name}:{JaegerContainer.OtlpPort}",
            ["MESHARA_LOG"] = "meshara=debug",
        }));
        var prometheus = await stack.UseAsync(one => PrometheusContainer.StartAsync(one, mesh, withJaeger: true));
        return new ObservedMesh(mesh, jaeger, prometheus);
    }
}
