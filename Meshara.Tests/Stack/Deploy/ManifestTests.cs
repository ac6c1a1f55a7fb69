using System.Text.Json;
using Meshara.AppHost.Plan;
using Meshara.Harness;
using MeshStack = Meshara.Harness.Stack;

namespace Meshara.Tests.Stack.Deploy;

/// <summary>Aspire's manifest itself.</summary>
/// <seealso href="https://aspire.dev/deployment/manifest-format/"/>
public sealed class ManifestTests : IDisposable
{
    private readonly JsonDocument _manifest = JsonDocument.Parse(File.ReadAllText(DeployFiles.Manifest), new JsonDocumentOptions { AllowDuplicateProperties = false });
    private readonly MeshStack _stack = MeshStack.Create(new StackOptions().Nodes, StackPorts.Default);

    [Fact]
    public void Every_container_has_the_pinned_image()
    {
        var images = Resources().Where(resource => Type(resource.Value) == "container.v0").ToDictionary(resource => resource.Name, resource => resource.Value.GetProperty("image").GetString());
        var expected = StackPart.All.ToDictionary(part => part.Name, part => (string?)$"{part.Image}");
        expected["log-setup"] = $"{ContainerImage.Elasticsearch}";
        expected["trace-cleaner"] = $"{ContainerImage.JaegerCleaner}";
        foreach (var node in _stack.Nodes)
            expected[node.Name] = ContainerImage.Node;
        Assert.Equal(expected.OrderBy(pair => pair.Key, StringComparer.Ordinal), images.OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Every_binding_is_the_models()
    {
        foreach (var part in StackPart.All)
        {
            foreach (var endpoint in part.Endpoints)
                Assert.Equal(endpoint.Port, Resource(part.Name).GetProperty("bindings").GetProperty(endpoint.Name).GetProperty("targetPort").GetInt32());
        }

        Assert.All(_stack.Nodes, node => Assert.Equal(
            [("http", 8080), ("mesh", 8443), ("metrics", 9090)],
            Resource(node.Name).GetProperty("bindings").EnumerateObject().Select(binding => (binding.Name, binding.Value.GetProperty("targetPort").GetInt32())).Order()));
    }

    [Fact]
    public void Secrets_are_inputs_without_a_value()
    {
        var parameters = Resources().Where(resource => Type(resource.Value) == "parameter.v0").ToList();
        Assert.Equal(6, parameters.Count);
        Assert.All(parameters, parameter =>
        {
            var input = parameter.Value.GetProperty("inputs").GetProperty("value");
            Assert.True(input.GetProperty("secret").GetBoolean());
            Assert.False(input.TryGetProperty("default", out _));
            Assert.Equal($"{{{parameter.Name}.inputs.value}}", parameter.Value.GetProperty("value").GetString());
        });
    }

    [Fact]
    public void Nothing_is_mounted_from_the_machine_that_wrote_it() => Assert.All(
        Resources(), resource => Assert.False(resource.Value.TryGetProperty("bindMounts", out _)));

    public void Dispose() => _manifest.Dispose();

    private JsonElement.ObjectEnumerator Resources() => _manifest.RootElement.GetProperty("resources").EnumerateObject();

    private JsonElement Resource(string name) => _manifest.RootElement.GetProperty("resources").GetProperty(name);

    private static string? Type(JsonElement resource) => resource.GetProperty("type").GetString();
}
