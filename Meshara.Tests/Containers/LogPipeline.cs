using System.Security.Cryptography;
using DotNet.Testcontainers.Configurations;
using Meshara.AppHost.Plan;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Containers;

/// <summary>Filebeat, which ships the mesh's log files to Elasticsearch, and Kibana, configured by <c>logging/setup.sh</c>.</summary>
internal sealed class LogPipeline : IAsyncDisposable
{
    private const string KibanaName = "kibana";
    private const int KibanaPort = 5601;

    private LogPipeline(HttpClient kibana) => Kibana = kibana;

    /// <summary>Kibana's API.</summary>
    public HttpClient Kibana { get; }

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>Starts both, after Elasticsearch and the mesh.</summary>
    public static async Task<LogPipeline> StartAsync(ContainerStack stack)
    {
        // Check for the images first, so that nothing is started in vain if one is missing.
        await stack.Images.UseAsync(ContainerImage.Filebeat);
        await stack.Images.UseAsync(ContainerImage.Kibana);
        var elastic = await stack.UseAsync(ElasticContainer.StartAsync);
        var mesh = (await stack.UseAsync(ObservedMesh.StartAsync)).Mesh;

        var password = RandomNumberGenerator.GetHexString(20);
        var kibana = await stack.StartAsync((await stack.BuilderAsync(ContainerImage.Kibana, KibanaName, KibanaPort))
            .WithEnvironment("ELASTICSEARCH_HOSTS", "http://elasticsearch:9200")
            .WithEnvironment("ELASTICSEARCH_USERNAME", "kibana_system")
            .WithEnvironment("ELASTICSEARCH_PASSWORD", password)
            .WithEnvironment("TELEMETRY_OPTIN", "false"));
        // setup.sh waits for Kibana, which waits for the password that setup.sh sets.
        await elastic.SetUpAsync(stack, new Dictionary<string, string> { ["KIBANA_URL"] = $"http://{KibanaName}:{KibanaPort}", ["KIBANA_PASSWORD"] = password });

        await stack.StartAsync(elastic.Known(await stack.BuilderAsync(ContainerImage.Filebeat, "filebeat"))
            .WithBindMount(Path.Combine(AlertFiles.Root, "logging", "filebeat.yml"), "/usr/share/filebeat/filebeat.yml", AccessMode.ReadOnly)
            .WithVolumeMount(mesh.Logs, NodeImage.Logs, AccessMode.ReadOnly)
            // Filebeat refuses a configuration file that its user does not own.
            .WithCommand("-e", "--strict.perms=false"));

        var pipeline = stack.Own(new LogPipeline(ContainerStack.Client(kibana, KibanaPort)));
        pipeline.Kibana.DefaultRequestHeaders.Authorization = elastic.Http.DefaultRequestHeaders.Authorization;
        pipeline.Kibana.DefaultRequestHeaders.Add("kbn-xsrf", "test");
        return pipeline;
    }

    public ValueTask DisposeAsync()
    {
        Kibana.Dispose();
        return ValueTask.CompletedTask;
    }
}
