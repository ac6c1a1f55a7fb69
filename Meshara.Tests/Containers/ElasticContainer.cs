using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using Meshara.AppHost.Plan;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Containers;

/// <summary>Elasticsearch as the deployments run it: one node, with passwords.</summary>
internal sealed class ElasticContainer : IAsyncDisposable
{
    /// <summary>Its name and address in the network.</summary>
    public const string Name = "elasticsearch";

    private const int Port = 9200;
    private const string User = "elastic";

    private ElasticContainer(HttpClient http, string password) => (Http, Password) = (http, password);

    /// <summary>Its API.</summary>
    public HttpClient Http { get; }

    /// <summary>The password of its superuser.</summary>
    public string Password { get; }

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>Starts it.</summary>
    public static async Task<ElasticContainer> StartAsync(ContainerStack stack)
    {
        var password = RandomNumberGenerator.GetHexString(20);
        var container = await stack.StartAsync((await stack.BuilderAsync(ContainerImage.Elasticsearch, Name, Port))
            .WithEnvironment("discovery.type", "single-node")
            .WithEnvironment("xpack.security.enabled", "true")
            .WithEnvironment("ELASTIC_PASSWORD", password)
            .WithEnvironment("ES_JAVA_OPTS", "-Xms512m -Xmx512m")
            .WithEnvironment("cluster.routing.allocation.disk.threshold_enabled", "false"));
        var elastic = stack.Own(new ElasticContainer(ContainerStack.Client(container, Port), password));
        elastic.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{password}")));
        await stack.UntilAsync("Elasticsearch is ready",
            async () => (await elastic.Http.GetAsync("_cluster/health?wait_for_status=yellow&timeout=5s", Test)).IsSuccessStatusCode, 2 * ContainerStack.Deadline);
        return elastic;
    }

    /// <summary>Configures a container to reach it, with the variables that <c>logging/</c> and <c>tracing/</c> read.</summary>
    public ContainerBuilder Known(ContainerBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder
            .WithEnvironment("ELASTICSEARCH_URL", $"http://{Name}:{Port}")
            .WithEnvironment("ELASTICSEARCH_USERNAME", User)
            .WithEnvironment("ELASTICSEARCH_PASSWORD", Password);
    }

    /// <summary>Runs <c>logging/setup.sh</c> to its end in Elasticsearch's own image, as every deployment does.</summary>
    public async Task SetUpAsync(ContainerStack stack, IReadOnlyDictionary<string, string> kibana)
    {
        var setup = await stack.StartAsync(Known(await stack.BuilderAsync(ContainerImage.Elasticsearch, "log-setup"))
            .WithBindMount(Path.Combine(AlertFiles.Root, "logging"), "/setup", AccessMode.ReadOnly)
            .WithEnvironment(kibana)
            .WithEntrypoint("bash")
            .WithCommand("/setup/setup.sh"));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Test);
        limit.CancelAfter(3 * ContainerStack.Deadline);
        var exitCode = await setup.GetExitCodeAsync(limit.Token);
        var (output, errors) = await setup.GetLogsAsync(timestampsEnabled: false, ct: Test);
        Assert.True(exitCode == 0, $"logging/setup.sh ended with {exitCode}:\n{output}{errors}");
    }

    /// <summary>The hits of a search of the logs.</summary>
    public async Task<IReadOnlyList<JsonElement>> SearchAsync(string target, object query)
    {
        using var answer = await Http.PostAsJsonAsync($"{target}/_search?size=100&ignore_unavailable=true", new { query }, Test);
        answer.EnsureSuccessStatusCode();
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(Test);
        return [.. body.GetProperty("hits").GetProperty("hits").EnumerateArray().Select(hit => hit.GetProperty("_source"))];
    }

    public ValueTask DisposeAsync()
    {
        Http.Dispose();
        return ValueTask.CompletedTask;
    }
}
