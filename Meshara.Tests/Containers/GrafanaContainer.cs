using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DotNet.Testcontainers.Configurations;
using Meshara.AppHost.Plan;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Containers;

/// <summary>Grafana with the project's data sources and dashboards.</summary>
internal sealed class GrafanaContainer : IAsyncDisposable
{
    private const int Port = 3000;

    private GrafanaContainer(HttpClient http) => Http = http;

    /// <summary>Its API, with administrator rights.</summary>
    public HttpClient Http { get; }

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>The repository's folder of dashboards.</summary>
    public static string Dashboards { get; } = Path.Combine(AlertFiles.Root, "dashboards");

    /// <summary>Starts it, after the servers whose data it shows.</summary>
    public static async Task<GrafanaContainer> StartAsync(ContainerStack stack)
    {
        var image = await stack.Images.UseAsync(ContainerImage.Grafana);
        await stack.UseAsync(AlertmanagerContainer.StartAsync);
        await stack.UseAsync(ObservedMesh.StartAsync);
        await stack.UseAsync(LogPipeline.StartAsync);
        var elastic = await stack.UseAsync(ElasticContainer.StartAsync);
        var password = RandomNumberGenerator.GetHexString(20);
        var builder = elastic.Known(await stack.BuilderAsync(image, "grafana", Port))
            .WithEnvironment("GF_SECURITY_ADMIN_PASSWORD", password)
            .WithEnvironment("GF_ANALYTICS_REPORTING_ENABLED", "false")
            .WithEnvironment("GF_ANALYTICS_CHECK_FOR_UPDATES", "false")
            // The browser that takes pictures does not log in.
            .WithEnvironment("GF_AUTH_ANONYMOUS_ENABLED", "true")
            .WithBindMount(Path.Combine(Dashboards, "provisioning"), "/etc/grafana/provisioning", AccessMode.ReadOnly);
        builder = Directory.GetFiles(Dashboards, "*.json")
            .Aggregate(builder, (all, file) => all.WithBindMount(file, $"/etc/grafana/dashboards/{Path.GetFileName(file)}", AccessMode.ReadOnly));
        var container = await stack.StartAsync(builder);
        var grafana = stack.Own(new GrafanaContainer(ContainerStack.Client(container, Port)));
        grafana.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"admin:{password}")));
        await stack.UntilAsync("Grafana is ready", async () => (await grafana.Http.GetAsync("api/health", Test)).IsSuccessStatusCode);
        return grafana;
    }

    /// <summary>An answer of its API.</summary>
    public Task<JsonElement> GetAsync(string path) => Http.GetFromJsonAsync<JsonElement>(path, Test);

    /// <summary>Runs queries as a panel does, and returns <c>results</c> of the answer.</summary>
    public async Task<JsonElement> QueryAsync(IEnumerable<object> queries)
    {
        using var answer = await Http.PostAsJsonAsync("api/ds/query", new { queries, from = "now-5m", to = "now" }, Test);
        var text = await answer.Content.ReadAsStringAsync(Test);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonSerializer.Deserialize<JsonElement>(text).GetProperty("results");
    }

    public ValueTask DisposeAsync()
    {
        Http.Dispose();
        return ValueTask.CompletedTask;
    }
}
