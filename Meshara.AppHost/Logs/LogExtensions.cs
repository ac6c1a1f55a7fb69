using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Export;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Servers;

namespace Meshara.AppHost.Logs;

/// <summary>Adds Elasticsearch, Kibana and Filebeat.</summary>
internal static partial class LogExtensions
{
    private const string LogFolder = "/var/log/meshara";
    private const string JavaOptions = "-Xms512m -Xmx512m";
    private const string Indices = "/_cat/indices?v";
    private const string Indexed = "--es.indices";
    private const string User = "elastic", KibanaUser = "kibana_system";

    public static LogStore AddElasticsearchStore(this IDistributedApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var plan = builder.Plan();
        var password = plan.Place(StackPart.Elasticsearch) is Placement.Container or Placement.Program
            ? builder.AddSecret("elasticsearch-password")
            : null;
        IResourceBuilder<IServerResource>? contained = null;
        if (plan.Place(StackPart.Elasticsearch) is Placement.Container)
            AddStoreContainer(builder, password!, ref contained);
        var server = contained ?? builder.AddServer(StackPart.Elasticsearch, _ => { }, program => program
            // Its password could only be set by a separate tool before it starts, so security is off; it listens on loopback only.
            .WithArgs("-E", "discovery.type=single-node", "-E", "xpack.security.enabled=false",
                "-E", "cluster.routing.allocation.disk.threshold_enabled=false", "-E", "network.host=127.0.0.1",
                "-E", $"http.port={plan.Stack.Ports.Elasticsearch}",
                "-E", $"path.data={Path.Combine(program.Resource.WorkingDirectory, "data")}",
                "-E", $"path.logs={Path.Combine(program.Resource.WorkingDirectory, "logs")}")
            .WithEnvironment("ES_JAVA_OPTS", JavaOptions)
            .WithHttpProbe(ProbeType.Readiness, "/_cluster/health?wait_for_status=yellow&timeout=1s"))
            .WithPage("Database", "Elasticsearch – indices", Indices);
        return new LogStore(server, password);
    }

    /// <summary>
    /// Adds a one-off task that loads <c>logging/</c> into Elasticsearch and Kibana; returns null if Elasticsearch does not run.
    /// </summary>
    public static IResourceBuilder<IResource>? AddLogSetup(
        this IDistributedApplicationBuilder builder, LogStore logs, IResourceBuilder<IServerResource> kibana)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(logs);
        ArgumentNullException.ThrowIfNull(kibana);
        const string Name = "log-setup";
        var plan = builder.Plan();
        if (logs.Server.Resource.Actual is null)
            return null;
        // This task must not wait for Kibana: Kibana only starts to work once this task has set its user's password.
        return logs.Server.Resource.IsContainer
            ? builder.AddContainer(new ServerContainer(StackPart.Elasticsearch, Name), Setup(Name), plan)
                .WithRepositoryFiles("/setup", "logging").WithEntrypoint("bash").WithArgs("/setup/setup.sh")
                .WithLogStore(logs).WithKibana(kibana).WaitForServer(logs.Server)
            : builder.AddExecutable(Name, "bash", plan.Repository, plan.File("logging/setup.sh"))
                .WithLogStore(logs).WithKibana(kibana).WaitForServer(logs.Server);
    }

    public static IResourceBuilder<IServerResource> AddKibana(this IDistributedApplicationBuilder builder, LogStore logs)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(logs);
        var plan = builder.Plan();
        return builder.AddServer(
            StackPart.Kibana,
            container => container
                .WithEnvironment("ELASTICSEARCH_HOSTS", logs.Server.Resource.Http)
                .WithEnvironment("ELASTICSEARCH_USERNAME", KibanaUser)
                .WithEnvironment("ELASTICSEARCH_PASSWORD", builder.AddSecret("kibana-password"))
                .WithEnvironment("TELEMETRY_OPTIN", "false")
                .StayingUp(),
            program => program.WithArgs(
                $"--elasticsearch.hosts=http://{plan.Listen(StackPart.Elasticsearch)}",
                "--server.host=127.0.0.1", $"--server.port={plan.Stack.Ports.Kibana}",
                $"--path.data={Path.Combine(program.Resource.WorkingDirectory, "data")}", "--telemetry.optIn=false"))
            .WithPage("DocumentSearch", "Kibana – Meshara logs", "/app/dashboards#/view/meshara-logs", ready: "/api/status")
            .WithLink("Kibana – errors", "/app/discover#/view/meshara-errors")
            .WaitForServer(logs.Server);
    }

    /// <summary>Adds Filebeat, which ships the nodes' log files once the setup has completed.</summary>
    public static IResourceBuilder<IServerResource> AddFilebeat(
        this IDistributedApplicationBuilder builder, LogStore logs, IResourceBuilder<IResource>? setup)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(logs);
        var plan = builder.Plan();
        var filebeat = builder.AddServer(
            StackPart.Filebeat,
            container => Ships(container, plan, logs),
            program => program
                .WithFolder(folder => File.WriteAllText(Path.Combine(folder, "filebeat.yml"),
                    File.ReadAllText(plan.File("logging/filebeat.yml")).Replace(LogFolder, plan.Files.NodeLogs, StringComparison.Ordinal)))
                // Without --strict.perms=false, Filebeat refuses a configuration file that its user does not own.
                .WithArgs("-e", "--strict.perms=false", "-c", "filebeat.yml", "--path.data", "data", "--path.logs", "logs")
                .WithLogStore(logs));
        if (setup is not null && filebeat.Resource.Actual is not null)
            filebeat.WithIconName("DocumentArrowRight").WaitForCompletion(setup);
        return filebeat;
    }

    /// <summary>Adds the exporter whose metrics show Prometheus whether log lines arrive.</summary>
    public static IResourceBuilder<IServerResource> AddElasticsearchExporter(this IDistributedApplicationBuilder builder, LogStore logs)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(logs);
        var plan = builder.Plan();
        return builder.AddServer(
            StackPart.ElasticsearchExporter,
            container => container
                .WithArgs(ReferenceExpression.Create($"--es.uri={logs.Server.Resource.Http}"), Indexed)
                .WithEnvironment("ES_USERNAME", User).WithEnvironment("ES_PASSWORD", logs.Password!),
            program => program.WithArgs(
                $"--es.uri=http://{plan.Listen(StackPart.Elasticsearch)}", Indexed, $"--web.listen-address={plan.Listen(StackPart.ElasticsearchExporter)}"))
            .WithPage("DataUsage", "Elasticsearch – metrics", "/metrics", ready: "/healthz")
            .WaitForServer(logs.Server);
    }

    /// <summary>Sets the variables for Elasticsearch that the files in <c>logging/</c> and <c>tracing/</c> read.</summary>
    public static IResourceBuilder<T> WithLogStore<T>(this IResourceBuilder<T> resource, LogStore logs)
        where T : IResourceWithEnvironment
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(logs);
        resource.WithEnvironment("ELASTICSEARCH_URL", logs.Server.Resource.Http);
        return logs is { Password: { } password, Server.Resource.IsContainer: true }
            ? resource.WithEnvironment("ELASTICSEARCH_USERNAME", User).WithEnvironment("ELASTICSEARCH_PASSWORD", password)
            : resource;
    }

    private static IResourceBuilder<T> WithKibana<T>(this IResourceBuilder<T> setup, IResourceBuilder<IServerResource> kibana)
        where T : IResourceWithEnvironment
    {
        if (kibana.Resource.Actual is null)
            return setup;
        setup.WithEnvironment("KIBANA_URL", kibana.Resource.Http);
        return kibana.Resource.IsContainer
            ? setup.WithEnvironment("KIBANA_PASSWORD", setup.ApplicationBuilder.CreateResourceBuilder(
                setup.ApplicationBuilder.Resources.OfType<ParameterResource>().Single(parameter => parameter.Name == "kibana-password")))
            : setup;
    }

    private static void Ships(IResourceBuilder<ServerContainer> filebeat, MeshPlan plan, LogStore logs)
    {
        filebeat.WithRepositoryFiles("/usr/share/filebeat", "logging/filebeat.yml")
            .WithArgs("-e", "--strict.perms=false")
            .WithMeshVolume("/usr/share/filebeat/data")
            .WithLogStore(logs);
        if (filebeat.ApplicationBuilder.ExecutionContext.IsRunMode)
            filebeat.WithBindMount(plan.Files.NodeLogs, LogFolder, isReadOnly: true);
        else
            filebeat.WithVolume(ComposeExport.LogVolume, LogFolder, isReadOnly: true);
    }

    private static StackPart Setup(string name) =>
        new(name, ContainerImage.Elasticsearch, 128, 0.5) { Programs = ["bash"], Install = "", Ends = true };

    // Implemented in LogExtensions.Elasticsearch.cs if Aspire.Hosting.Elasticsearch was restored. Otherwise it is not called: the plan then
    // places Elasticsearch in no container.
    static partial void AddStoreContainer(
        IDistributedApplicationBuilder builder, IResourceBuilder<ParameterResource> password, ref IResourceBuilder<IServerResource>? added);
}
