using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Mesh;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Servers;
using Meshara.AppHost.Traffic;
using Meshara.Harness;
using Meshara.Harness.Processes;
using Meshara.Tests.Stack.Deploy;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.Tests.Stack.Aspire;

/// <summary>The application's model, without starting anything.</summary>
public sealed class ModelTests
{
    private const int Base = 21_000;
    private static readonly StackPorts Ports = StackPorts.From(Base);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    // Without Aspire.Hosting.Elasticsearch, Elasticsearch and its dependents are missing.
    private static IReadOnlyList<StackPart> Contained { get; } =
        [.. StackPart.All.Where(part => Packages.HaveContainers || (part is { NeedsPackage: false, Needs: null }))];

    [Fact]
    public async Task It_has_every_node_and_every_part_of_the_stack()
    {
        await using var application = await CreateAsync("--nodes", "3");

        Assert.Equal(
            Contained.Select(part => part.Name).Concat(Packages.HaveContainers ? ["log-setup", "trace-cleaner"] : []).Order(StringComparer.Ordinal),
            application.Builder.Resources.OfType<ContainerResource>().Select(resource => resource.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["node-1", "node-2", "node-3"], application.Builder.Resources.OfType<IMeshNodeResource>().Select(node => node.Name));
        Assert.Equal(["node-1", "node-2", "node-3"], application.Resource<MeshResource>("mesh").Nodes.Select(node => node.Name));
        Assert.IsType<TrafficResource>(application.Resource<IResource>("traffic"));
        Assert.Equal(StackPart.All.Except(Contained).Select(part => part.Name), application.Builder.Resources.OfType<MissingServer>().Select(server => server.Name));
    }

    [Fact]
    public async Task Every_container_runs_the_pinned_image()
    {
        await using var application = await CreateAsync();

        Assert.All(Contained, part =>
        {
            var image = application.Resource<ContainerResource>(part.Name).Annotations.OfType<ContainerImageAnnotation>().Last();
            Assert.Equal((part.Image.Registry, part.Image.Repository, part.Image.Tag), (image.Registry, image.Image, image.Tag));
            Assert.NotEqual("latest", image.Tag);
        });
    }

    [Fact]
    public async Task Every_endpoint_is_where_the_port_scheme_puts_it()
    {
        await using var application = await CreateAsync();

        Assert.All(Contained.SelectMany(part => part.Endpoints, (part, endpoint) => (part, endpoint)), expected =>
        {
            var endpoint = Endpoint(application.Resource<ContainerResource>(expected.part.Name), expected.endpoint.Name);
            Assert.Equal((expected.endpoint.HostPort(Ports), expected.endpoint.Port), (endpoint.Port!.Value, endpoint.TargetPort!.Value));
        });
        Assert.All(application.Builder.Resources.OfType<IMeshNodeResource>(), node =>
        {
            var endpoints = new[] { "mesh", "http", "metrics" }.Select(name => Endpoint(node, name)).ToList();
            Assert.Equal([node.Node.MeshPort, node.Node.HttpPort, node.Node.MetricsPort], endpoints.Select(endpoint => endpoint.Port!.Value));
            // On the first, the mesh's own proxy listens; on the others, the orchestrator's.
            Assert.Equal([false, true, true], endpoints.Select(endpoint => endpoint.IsProxied));
        });
    }

    [Fact]
    public async Task What_is_mounted_exists_and_belongs_to_this_mesh()
    {
        await using var application = await CreateAsync();

        var mounts = application.Builder.Resources.SelectMany(resource => resource.Annotations.OfType<ContainerMountAnnotation>(), (resource, mount) => (resource.Name, mount)).ToList();
        Assert.Equal(
            Packages.HaveContainers ? [("filebeat", Path.Combine(application.Data, "logs", "nodes"), "/var/log/meshara", true)] : [],
            mounts.Where(mount => mount.mount.Type == ContainerMountType.BindMount).Select(mount => (mount.Name, mount.mount.Source!, mount.mount.Target, mount.mount.IsReadOnly)));

        var volumes = mounts.Where(mount => mount.mount.Type == ContainerMountType.Volume).ToList();
        string[] kept = Packages.HaveContainers ? ["alertmanager", "elasticsearch", "filebeat", "grafana", "prometheus"] : ["alertmanager", "grafana", "prometheus"];
        Assert.Equal(kept, volumes.Select(volume => volume.Name).Order(StringComparer.Ordinal));
        Assert.All(volumes, volume => Assert.Matches($"^meshara-[0-9a-f]{{8}}-{volume.Name}$", volume.mount.Source));
    }

    [Fact]
    public async Task Containers_get_their_configuration_as_it_is_in_the_repository()
    {
        await using var application = await CreateAsync();

        Assert.Equal(await RepositoryAsync("alerts/prometheus.yml"), await FileAsync(application, "prometheus", "/etc/prometheus", "prometheus.yml"));
        Assert.Equal(await RepositoryAsync("alerts/rules/mesh.yml"), await FileAsync(application, "prometheus", "/etc/prometheus/rules", "mesh.yml"));
        Assert.Equal(await RepositoryAsync("alerts/templates/meshara.tmpl"), await FileAsync(application, "alertmanager", "/etc/alertmanager/templates", "meshara.tmpl"));
        var jaeger = Packages.HaveContainers ? "jaeger.yaml" : "memory.yaml";
        Assert.Equal(await RepositoryAsync($"tracing/{jaeger}"), await FileAsync(application, "jaeger", "/etc/jaeger", jaeger));
        Assert.Equal(await RepositoryAsync("dashboards/meshara.json"), await FileAsync(application, "grafana", "/etc/grafana/dashboards", "meshara.json"));
    }

    [Fact]
    public async Task The_log_pipeline_gets_its_configuration_as_it_is_in_the_repository()
    {
        Assert.SkipUnless(Packages.HaveContainers, NoPackages);
        await using var application = await CreateAsync();

        Assert.Equal(await RepositoryAsync("logging/filebeat.yml"), await FileAsync(application, "filebeat", "/usr/share/filebeat", "filebeat.yml"));
        Assert.Equal(await RepositoryAsync("logging/setup.sh"), await FileAsync(application, "log-setup", "/setup", "setup.sh"));
        Assert.Equal(await RepositoryAsync("tracing/clean.sh"), await FileAsync(application, "trace-cleaner", "/clean", "clean.sh"));
    }

    [Fact]
    public async Task Prometheus_and_Alertmanager_link_to_where_they_are_reached()
    {
        await using var application = await CreateAsync();

        foreach (var (name, port) in ((string, int)[])[("prometheus", Ports.Prometheus), ("alertmanager", Ports.Alertmanager)])
        {
            var arguments = new List<object>();
            foreach (var callback in application.Resource<ContainerResource>(name).Annotations.OfType<CommandLineArgsCallbackAnnotation>())
                await callback.Callback(new CommandLineArgsCallbackContext(arguments, Test));
            Assert.Contains($"--web.external-url=http://127.0.0.1:{port}", arguments);
        }
    }

    [Fact]
    public async Task Alerts_page_nobody_until_there_is_a_key()
    {
        await using var without = await CreateAsync();
        await using var with = await CreateAsync("--Parameters:pagerduty-routing-key=key-of-this-test");

        Assert.DoesNotContain("routing_key_file", await FileAsync(without, "alertmanager", "/etc/alertmanager", "alertmanager.yml"), StringComparison.Ordinal);
        Assert.Contains("routing_key_file", await FileAsync(with, "alertmanager", "/etc/alertmanager", "alertmanager.yml"), StringComparison.Ordinal);
        Assert.Equal("key-of-this-test", await FileAsync(with, "alertmanager", "/etc/alertmanager/secrets", "pagerduty_routing_key"));
    }

    [Fact]
    public async Task A_dead_mans_switch_is_told_where_its_address_is_given()
    {
        const string Address = "https://switch.example/ping/1";
        await using var without = await CreateAsync();
        await using var with = await CreateAsync($"--Parameters:dead-mans-switch-url={Address}");

        Assert.DoesNotContain("\n    webhook_configs:", await FileAsync(without, "alertmanager", "/etc/alertmanager", "alertmanager.yml"), StringComparison.Ordinal);
        Assert.Contains(Address, await FileAsync(with, "alertmanager", "/etc/alertmanager", "alertmanager.yml"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_starts_after_what_it_needs()
    {
        await using var application = await CreateAsync("--nodes", "3");

        string Waits(string name) => string.Join(' ', application.Resource<IResource>(name).Annotations.OfType<WaitAnnotation>().Select(wait => $"{wait.Resource.Name}:{wait.WaitType}"));
        Assert.Equal("", Waits("node-1"));
        // No waiting: a node retries until its bootstrap node answers.
        Assert.Equal("", Waits("node-3"));
        Assert.Equal("alertmanager:WaitUntilHealthy", Waits("prometheus"));
        Assert.Equal("mailpit:WaitUntilHealthy", Waits("alertmanager"));
        if (!Packages.HaveContainers)
            return;
        Assert.Equal("elasticsearch:WaitUntilHealthy", Waits("kibana"));
        Assert.Equal("elasticsearch:WaitUntilHealthy", Waits("jaeger"));
        Assert.Equal("elasticsearch:WaitUntilHealthy", Waits("trace-cleaner"));
        Assert.Equal("log-setup:WaitForCompletion", Waits("filebeat"));
        Assert.Equal("elasticsearch:WaitUntilHealthy", Waits("elasticsearch-exporter"));
        Assert.Equal("prometheus:WaitUntilHealthy elasticsearch:WaitUntilHealthy", Waits("grafana"));
    }

    [Fact]
    public async Task Whatever_serves_has_a_health_check()
    {
        await using var application = await CreateAsync();

        var unchecked_ = application.Builder.Resources.Where(resource => resource is ContainerResource or IMeshNodeResource)
            .Where(resource => !resource.Annotations.OfType<HealthCheckAnnotation>().Any()).Select(resource => resource.Name);
        // Filebeat and the cleaner have no endpoint, and the set-up ends.
        Assert.Equal(Packages.HaveContainers ? ["filebeat", "log-setup", "trace-cleaner"] : [], unchecked_.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Links_have_names()
    {
        await using var application = await CreateAsync();

        Assert.Equal(["Grafana – Mesh overview", "Grafana – Delivery"], await LinksAsync(application, "grafana", "http"));
        Assert.Equal(["Prometheus – targets", "Prometheus – alerts"], await LinksAsync(application, "prometheus", "http"));
        Assert.Equal(["Jaeger – traces", "Jaeger – monitor"], await LinksAsync(application, "jaeger", "http"));
        if (Packages.HaveContainers)
            Assert.Equal(["Kibana – Meshara logs", "Kibana – errors"], await LinksAsync(application, "kibana", "http"));
        Assert.Equal(["Alertmanager – active alerts"], await LinksAsync(application, "alertmanager", "http"));
        Assert.Equal(["Mailpit – alert mails"], await LinksAsync(application, "mailpit", "http"));
        Assert.Equal(["Health", "API document"], await LinksAsync(application, "node-1", "http"));
    }

    [Fact]
    public async Task A_node_can_send_broadcast_stop_be_killed_cut_off_and_healed()
    {
        await using var application = await CreateAsync();

        Assert.All(application.Builder.Resources.OfType<IMeshNodeResource>(), node => Assert.Equal(
            ["mesh-send", "mesh-broadcast", "mesh-stop", "mesh-kill", "mesh-partition", "mesh-heal"], node.Annotations.OfType<ResourceCommandAnnotation>().Select(command => command.Name)));
    }

    [Fact]
    public async Task A_node_is_told_where_it_is_and_whom_it_joins()
    {
        await using var application = await CreateAsync("--nodes", "3");

        var environment = await EnvironmentAsync(application.Resource<IMeshNodeResource>("node-3"));

        Assert.Equal("node-3", environment["Node__Name"]);
        Assert.Equal("meshara://node-1,meshara://node-2", environment["Mesh__Bootstrap"]);
        Assert.Equal($"127.0.0.1:{Base + 3}", environment["Mesh__Advertise"]);
        Assert.Equal($"127.0.0.1:{Base + 3 + StackPorts.Hidden}", environment["Mesh__Listen"]);
        Assert.Equal(("127.0.0.1", "node-3/http", "node-3/metrics"), (environment["Api__Host"], Named(environment["Api__Port"]), Named(environment["Metrics__Port"])));
        Assert.Equal(Path.Combine(application.Data, "logs", "nodes"), environment["MESHARA_LOG_DIR"]);
        Assert.IsType<EndpointReference>(environment["services__node-1__mesh__0"]);
        Assert.Equal("jaeger/otlp-grpc", Named(environment["MESHARA_OTLP_TRACES_ENDPOINT"]));
    }

    [Fact]
    public async Task Nodes_that_start_in_turns_compile_nothing_again_meanwhile()
    {
        Assert.SkipUnless(StartProgress.AtOnce < 50, "On this machine as many nodes as there may be start at once.");
        await using var few = await CreateAsync("--nodes", "5");
        Assert.False((await EnvironmentAsync(few.Resource<IMeshNodeResource>("node-5"))).ContainsKey("DOTNET_TC_CallCountingDelayMs"));
        await using var many = await CreateAsync("--nodes", "50");
        Assert.Equal("EA60", (await EnvironmentAsync(many.Resource<IMeshNodeResource>("node-50")))["DOTNET_TC_CallCountingDelayMs"]);
    }

    [Fact]
    public async Task Servers_are_told_where_the_others_are()
    {
        Assert.SkipUnless(Packages.HaveContainers, NoPackages);
        await using var application = await CreateAsync();

        var jaeger = await EnvironmentAsync(application.Resource<IResourceWithEnvironment>("jaeger"));
        Assert.Equal(("elasticsearch/http", "prometheus/http"), (Named(jaeger["ELASTICSEARCH_URL"]), Named(jaeger["PROMETHEUS_URL"])));
        Assert.Equal("elasticsearch-password", Assert.IsType<ParameterResource>(jaeger["ELASTICSEARCH_PASSWORD"]).Name);
        var setup = await EnvironmentAsync(application.Resource<IResourceWithEnvironment>("log-setup"));
        Assert.Equal(("elasticsearch/http", "kibana/http"), (Named(setup["ELASTICSEARCH_URL"]), Named(setup["KIBANA_URL"])));
        var cleaner = await EnvironmentAsync(application.Resource<IResourceWithEnvironment>("trace-cleaner"));
        Assert.Equal("elasticsearch/http", Named(cleaner["ELASTICSEARCH_URL"]));
        Assert.Equal("elasticsearch-password", Assert.IsType<ParameterResource>(cleaner["ELASTICSEARCH_PASSWORD"]).Name);
        var kibana = await EnvironmentAsync(application.Resource<IResourceWithEnvironment>("kibana"));
        Assert.Equal("kibana-password", Assert.IsType<ParameterResource>(kibana["ELASTICSEARCH_PASSWORD"]).Name);
    }

    [Fact]
    public async Task Every_parameter_is_a_secret()
    {
        await using var application = await CreateAsync();

        var parameters = application.Builder.Resources.OfType<ParameterResource>().ToList();
        string[] expected = Packages.HaveContainers ? ["elasticsearch-password", "grafana-password", "kibana-password", "smtp-password"] : ["grafana-password", "smtp-password"];
        Assert.Equal(expected, parameters.Select(parameter => parameter.Name).Order(StringComparer.Ordinal));
        Assert.All(parameters, parameter => Assert.True(parameter.Secret));
    }

    [Fact]
    public async Task What_starts_slowly_stays_up()
    {
        await using var application = await CreateAsync();

        Assert.Equal(Packages.HaveContainers ? ["elasticsearch", "kibana"] : [], application.Builder.Resources
            .Where(resource => resource.Annotations.OfType<ContainerLifetimeAnnotation>().Any(lifetime => lifetime.Lifetime == ContainerLifetime.Persistent))
            .Select(resource => resource.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_left_out_takes_with_it_what_needs_it()
    {
        await using var application = await CreateAsync("--without", "elasticsearch,mailpit");

        Assert.Equal(
            ["alertmanager", "grafana", "jaeger", "prometheus"],
            application.Builder.Resources.OfType<ContainerResource>().Select(resource => resource.Name).Order(StringComparer.Ordinal));
        // Without Elasticsearch, traces are kept in memory.
        Assert.Equal(await RepositoryAsync("tracing/memory.yaml"), await FileAsync(application, "jaeger", "/etc/jaeger", "memory.yaml"));
    }

    [Fact]
    public async Task What_is_installed_runs_as_a_program_and_the_rest_is_shown_as_missing()
    {
        var path = Environment.GetEnvironmentVariable("PATH");
        Assert.SkipWhen(ToolPath.Find(path, "prometheus") is null || ToolPath.Find(path, "prometheus-alertmanager", "alertmanager") is null, "Prometheus or Alertmanager is not installed");
        await using var application = await MeshApplication.CreateAsync(Test, ["--servers", "programs"]);

        Assert.Empty(application.Builder.Resources.OfType<ContainerResource>());
        var prometheus = application.Resource<ServerProgram>("prometheus");
        Assert.Equal((Path.Combine(application.Data, "prometheus"), false), (prometheus.WorkingDirectory, Endpoint(prometheus, "http").IsProxied));
        Assert.Equal([false, false, false], new[] { "mesh", "http", "metrics" }.Select(name => Endpoint(application.Resource<IResource>("node-1"), name).IsProxied));
        Assert.All(application.Builder.Resources.OfType<MissingServer>(), server =>
        {
            var shown = server.Annotations.OfType<ResourceSnapshotAnnotation>().Single().InitialSnapshot;
            Assert.StartsWith("Missing, ", shown.State!.Text, StringComparison.Ordinal);
            Assert.Matches($"^(containers are not wanted, and no program {server.Name} is installed \\(.+\\)|it needs elasticsearch)$",
                Assert.IsType<string>(shown.Properties.Single(property => property.Name == CustomResourceKnownProperties.Source).Value));
        });
    }

    private const string NoPackages = "Aspire.Hosting.Docker and Aspire.Hosting.Elasticsearch were not restored";

    private static Task<MeshApplication> CreateAsync(params string[] options) =>
        MeshApplication.CreateAsync(Test, ["--servers", "containers", "--port-base", $"{Base}", .. options]);

    private static EndpointAnnotation Endpoint(IResource resource, string name) => resource.Annotations.OfType<EndpointAnnotation>().Single(endpoint => endpoint.Name == name);

    private static Task<string> RepositoryAsync(string path) => File.ReadAllTextAsync(Path.Combine(DeployFiles.Repository, path), Test);

    private static async Task<string> FileAsync(MeshApplication application, string resource, string folder, string name)
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        var container = application.Resource<ContainerResource>(resource);
        foreach (var files in container.Annotations.OfType<ContainerFileSystemCallbackAnnotation>().Where(files => files.DestinationPath == folder))
        {
            var items = await files.Callback(new() { Model = container, Services = services }, Test);
            if (items.OfType<ContainerFile>().FirstOrDefault(file => file.Name == name) is { } found)
                return found.Contents!;
        }

        throw new FileNotFoundException($"{resource} gets no {folder}/{name}.");
    }

    private static async Task<IReadOnlyList<string>> LinksAsync(MeshApplication application, string name, string endpoint)
    {
        var resource = application.Resource<IResourceWithEndpoints>(name);
        var context = new ResourceUrlsCallbackContext(application.Builder.ExecutionContext, resource,
            [new ResourceUrlAnnotation { Url = "http://localhost", Endpoint = resource.GetEndpoint(endpoint) }], Test);
        foreach (var callback in resource.Annotations.OfType<ResourceUrlsCallbackAnnotation>())
            await callback.Callback(context);
        return [.. context.Urls.Select(url => url.DisplayText!)];
    }

    // The values as given, before endpoints have addresses.
    private static async Task<IReadOnlyDictionary<string, object>> EnvironmentAsync(IResourceWithEnvironment resource)
    {
        var values = new Dictionary<string, object>();
        var context = new EnvironmentCallbackContext(new DistributedApplicationExecutionContext(DistributedApplicationOperation.Publish), resource, values, Test);
        foreach (var callback in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
            await callback.Callback(context);
        return values;
    }

    private static string Named(object reference) => reference switch
    {
        EndpointReference endpoint => $"{endpoint.Resource.Name}/{endpoint.EndpointName}",
        EndpointReferenceExpression { Property: EndpointProperty.TargetPort } port => Named(port.Endpoint),
        _ => $"{reference}",
    };
}
