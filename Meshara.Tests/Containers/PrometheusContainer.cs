using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using DotNet.Testcontainers.Configurations;
using Meshara.AppHost.Plan;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Containers;

/// <summary>Prometheus with the project's configuration and rules, scraping the mesh.</summary>
internal sealed class PrometheusContainer : IAsyncDisposable
{
    /// <summary>Its name in the network.</summary>
    public const string Name = "prometheus";

    /// <summary>Its port in the container.</summary>
    public const int Port = 9090;

    private const string Folder = "/etc/prometheus";

    private PrometheusContainer(HttpClient http) => Http = http;

    /// <summary>Its API.</summary>
    public HttpClient Http { get; }

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>The stack's Prometheus, started on first use together with the mesh it scrapes and its Alertmanager.</summary>
    public static async Task<PrometheusContainer> UseAsync(ContainerStack stack)
    {
        await stack.UseAsync(AlertmanagerContainer.StartAsync);
        var mesh = await stack.UseAsync(MeshOfThree.StartAsync);
        return await stack.UseAsync(async all => await StartAsync(all, mesh));
    }

    /// <summary>Starts it for a mesh that is already running; Alertmanager may be absent.</summary>
    public static async Task<PrometheusContainer> StartAsync(ContainerStack stack, MeshOfThree mesh, bool withJaeger = false)
    {
        var builder = (await stack.BuilderAsync(ContainerImage.Prometheus, Name, Port))
            .WithBindMount(Path.Combine(AlertFiles.Alerts, "prometheus.yml"), $"{Folder}/prometheus.yml", AccessMode.ReadOnly)
            .WithBindMount(Path.Combine(AlertFiles.Alerts, "rules"), $"{Folder}/rules", AccessMode.ReadOnly)
            .WithCommand(
                $"--config.file={Folder}/prometheus.yml", "--storage.tsdb.path=/prometheus", "--enable-feature=exemplar-storage");
        foreach (var (job, targets) in Targets(mesh, withJaeger))
            builder = builder.WithResourceMapping(Encoding.UTF8.GetBytes(targets), $"{Folder}/targets/{job}.json");
        var container = await stack.StartAsync(builder);
        var prometheus = stack.Own(new PrometheusContainer(ContainerStack.Client(container, Port)));
        await stack.UntilAsync("Prometheus is ready", async () => (await prometheus.Http.GetAsync("-/ready", Test)).IsSuccessStatusCode);
        return prometheus;
    }

    /// <summary>The value of an instant query with at most one result; null if there is none.</summary>
    public async Task<double?> QueryAsync(string expression)
    {
        var result = (await GetAsync($"api/v1/query?query={Uri.EscapeDataString(expression)}")).GetProperty("result");
        return result.GetArrayLength() == 0 ? null : double.Parse(result[0].GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture);
    }

    /// <summary>The <c>data</c> of an answer.</summary>
    public async Task<JsonElement> GetAsync(string path) => (await Http.GetFromJsonAsync<JsonElement>(path, Test)).GetProperty("data");

    public ValueTask DisposeAsync()
    {
        Http.Dispose();
        return ValueTask.CompletedTask;
    }

    private static IEnumerable<(string Job, string Targets)> Targets(MeshOfThree mesh, bool withJaeger)
    {
        var nodes = mesh.Nodes.Select(node => Group($"{node.Name}:{NodeImage.MetricsPort}", ("node", node.Name)));
        yield return ("meshara", JsonSerializer.Serialize(nodes));
        yield return ("prometheus", JsonSerializer.Serialize<object[]>([Group($"localhost:{Port}")]));
        yield return ("alertmanager", JsonSerializer.Serialize<object[]>([Group($"{AlertmanagerContainer.Name}:{AlertmanagerContainer.Port}")]));
        if (withJaeger)
            yield return ("jaeger", JsonSerializer.Serialize<object[]>([Group($"{JaegerContainer.Name}:{JaegerContainer.SpanMetricsPort}")]));
    }

    private static object Group(string target, params (string Name, string Value)[] labels) => new
    {
        targets = (string[])[target],
        labels = labels.Prepend(("cluster", Harness.Stack.Cluster)).ToDictionary(label => label.Item1, label => label.Item2),
    };
}
