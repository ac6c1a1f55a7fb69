using Aspire.Hosting.ApplicationModel;
using k8s.Models;
using Meshara.AppHost.Mesh;
using Meshara.AppHost.Plan;
using Meshara.Tests.Stack.Aspire;
using Meshara.Tests.Stack.Deploy;

namespace Meshara.Tests.Deploy;

/// <summary>The host, the compose file and Kubernetes start each program with the same arguments and ports.</summary>
public sealed class ArgumentsTests
{
    /// <summary>
    /// Intended differences, by program. In overlay local, Jaeger keeps traces in memory. In production, Elasticsearch is external, and a
    /// lifecycle policy deletes traces instead of Jaeger's cleaner, which requires Jaeger to write through aliases.
    /// </summary>
    private static readonly Dictionary<string, string> Differences = new(StringComparer.Ordinal)
    {
        ["overlays/local jaeger"] = "--config /etc/jaeger/memory.yaml",
        ["overlays/production jaeger"] = "--config /etc/jaeger/jaeger.yaml --config /etc/jaeger/rollover.yaml",
        ["overlays/production elasticsearch-exporter"] = "--es.uri=$(ELASTICSEARCH_URL) --es.indices",
        ["overlays/example elasticsearch-exporter"] = "--es.uri=$(ELASTICSEARCH_URL) --es.indices",
        ["overlays/example jaeger"] = "--config /etc/jaeger/jaeger.yaml --config /etc/jaeger/rollover.yaml",
    };

    private static readonly Dictionary<string, string> Composed = DeployFiles.ReadCompose().Member("services").Members()
        .Where(service => service.Value.Member("command") is not null)
        .ToDictionary(
            service => service.Key,
            service => string.Join(' ', service.Value.Member("command").Items().Select(item => item.Text())), StringComparer.Ordinal);

    [Theory]
    [InlineData("overlays/local")]
    [InlineData("overlays/production")]
    [InlineData("overlays/example")]
    [InlineData("monitoring")]
    public async Task Kubernetes_starts_each_program_as_the_compose_file_does(string folder)
    {
        var pods = (await Manifests.BuildAsync(folder)).Pods.Values;
        Assert.All(pods.SelectMany(Manifests.Containers), container =>
        {
            var service = Service(container);
            if (Differences.TryGetValue($"{folder} {service}", out var different))
                Assert.Equal(different, Arguments(container));
            else
                Assert.Equal(Composed.GetValueOrDefault(service, ""), Arguments(container));
        });
    }

    [Fact]
    public async Task The_host_starts_each_program_as_the_compose_file_does()
    {
        await using var application = await MeshApplication.CreateAsync(
            TestContext.Current.CancellationToken, "--port-base", "21000", "--servers", "containers");
        var resources = application.Builder.Resources.Where(resource => resource is ContainerResource or IMeshNodeResource).ToList();
        Assert.NotEmpty(resources);
        foreach (var resource in resources)
            Assert.Equal(Known(Expected(resource.Name)), Known(await ArgumentsAsync(resource)));

        // A host built without the Elasticsearch package has no Elasticsearch, and Jaeger keeps traces in memory.
        static string Expected(string name) =>
            name == "jaeger" && !Packages.HaveContainers ? "--config /etc/jaeger/memory.yaml" : Composed.GetValueOrDefault(name, "");

        // The external URL depends on the machine; the compose file takes it from a variable.
        static string Known(string arguments) => string.Join(
            ' ', arguments.Split(' ').Where(argument => !argument.StartsWith("--web.external-url=", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("overlays/local")]
    [InlineData("overlays/production")]
    [InlineData("monitoring")]
    public async Task Kubernetes_knows_each_port_that_the_stack_publishes(string folder)
    {
        var pods = (await Manifests.BuildAsync(folder)).Pods.Values;
        Assert.All(pods.SelectMany(Manifests.Containers), container =>
        {
            var published = StackPart.All.Where(part => container.Image == $"{part.Image}").SelectMany(part => part.Endpoints);
            var opened = container.Ports.Select(port => port.ContainerPort);
            Assert.Subset(opened.ToHashSet(), published.Select(endpoint => endpoint.Port).ToHashSet());
        });
    }

    [Fact]
    public void A_node_has_the_same_settings_on_Kubernetes_as_in_the_compose_file()
    {
        var composed = DeployFiles.ReadCompose().Member("services")!.Member("node-3")!.Member("environment").Members();
        // Node names and the secret are specific to each deployment.
        var own = ImitatedPods.Container.Env.Where(setting => setting.ValueFrom is not null || setting.Value.Contains("node-", StringComparison.Ordinal)
            || setting.Value.Contains("$(", StringComparison.Ordinal)).ToList();
        Assert.All(own.Where(setting => !setting.Name.StartsWith("services__", StringComparison.Ordinal)), setting => Assert.Contains(setting.Name, composed.Keys));
        Assert.All(ImitatedPods.Container.Env.Except(own), setting => Assert.Equal(composed[setting.Name].Text(), setting.Value));
    }

    private static async Task<string> ArgumentsAsync(IResource resource)
    {
        var arguments = new List<object>();
        foreach (var callback in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>())
            await callback.Callback(new CommandLineArgsCallbackContext(arguments, TestContext.Current.CancellationToken));
        // The address is known only once the resource runs; for containers it is this one.
        return string.Join(' ', arguments.Select(argument => argument is IManifestExpressionProvider expression
            ? expression.ValueExpression.Replace("{elasticsearch.bindings.http.url}", "http://elasticsearch:9200", StringComparison.Ordinal)
            : argument));
    }

    private static string Arguments(V1Container container) => string.Join(' ', container.Args ?? []);

    // The compose service that corresponds to a Kubernetes container.
    private static string Service(V1Container container) => container.Name switch
    {
        "node" => "node-1",
        var name => name,
    };
}
