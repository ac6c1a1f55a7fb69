using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Meshara.Harness;
using Meshara.Tests.Alerts;
using Meshara.Tests.Stack.Local;
using k8s.Models;
using MeshStack = Meshara.Harness.Stack;
using TemporaryFolder = Meshara.Tests.Stack.TemporaryFolder;

namespace Meshara.Tests.Deploy;

/// <summary>
/// Real nodes under the settings that Kubernetes gives them; only what a cluster provides - addresses by name, folders,
/// the secret - is this machine's.
/// </summary>
[Collection(MeshCollection.Name)]
public sealed class NodeSettingsTests : IAsyncLifetime
{
    private static readonly V1Container Container = Assert.Single(Manifests.Parse(
        File.ReadAllText(Path.Combine(AlertFiles.Root, "deploy", "kubernetes", "base", "nodes.yaml"))).Find<V1StatefulSet>("node").Spec.Template.Spec.Containers);

    private readonly TemporaryFolder _folder = new();
    private readonly string _token = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly MeshStack _stack = MeshStack.Create(3, Ports.FindFree(3, Random.Shared));
    private readonly List<RunningProgram> _nodes = [];

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        // As a StatefulSet with podManagementPolicy Parallel does: all at once.
        _nodes.AddRange(_stack.Nodes.Select(node =>
        {
            var start = HostProgram.Start(HostProgram.Node, [.. Container.Args, "--stop-with-input"]);
            foreach (var setting in Container.Env)
                start.Environment[setting.Name] = Value(setting, node);
            return new RunningProgram(start);
        }));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task They_find_each_other_pass_their_probes_and_ask_for_the_token()
    {
        foreach (var node in _stack.Nodes)
        {
            using var client = Client(node);
            await client.UntilAsync("passes its probes and has both peers", () => IsWholeAsync(client), Test);
            using var refused = await client.Http.GetAsync("api/node", Test);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            client.Http.DefaultRequestHeaders.Authorization = new("Bearer", _token);
            var identity = JsonSerializer.Deserialize<JsonElement>(await client.Http.GetStringAsync("api/node", Test));
            Assert.Equal(node.Name, identity.GetProperty("name").GetString());
            Assert.True(File.Exists(Path.Combine(_folder.Path, node.Name, "home/app/node", "identity.key")));
            Assert.NotEmpty(Directory.GetFiles(Path.Combine(_folder.Path, node.Name, "var/log/meshara"), $"{node.Name}-*.log"));
        }
    }

    private async Task<bool> IsWholeAsync(NodeClient client)
    {
        using var health = await client.Http.GetAsync(Container.LivenessProbe.HttpGet.Path, Test);
        using var ready = await client.Http.GetAsync(Container.ReadinessProbe.HttpGet.Path, Test);
        return health.IsSuccessStatusCode && ready.IsSuccessStatusCode
            && JsonSerializer.Deserialize<JsonElement>(await health.Content.ReadAsStringAsync(Test)).GetProperty("connected_peers").GetInt32() == 2;
    }

    private static NodeClient Client(StackNode node) =>
        new(new NodeEndpoint(node.Name, "", $"tcp://localhost:{node.MeshPort}", $"http://127.0.0.1:{node.HttpPort}", $"http://127.0.0.1:{node.MetricsPort}/metrics", 0));

    private string Value(V1EnvVar setting, StackNode node) => setting switch
    {
        { ValueFrom.FieldRef.FieldPath: "metadata.name" } => node.Name,
        { ValueFrom.SecretKeyRef.Key: "token" } => _token,
        { Name: "Api__Host" } => "127.0.0.1",
        { Name: "Api__Port" } => node.HttpPort.ToString(CultureInfo.InvariantCulture),
        { Name: "Metrics__Port" } => node.MetricsPort.ToString(CultureInfo.InvariantCulture),
        { Name: "Mesh__Listen" } => $"127.0.0.1:{node.MeshPort}",
        { Value: ['/', .. var path] } => Path.Combine(_folder.Path, node.Name, path),
        { Value: { } value } => Resolved(value.Replace("$(Node__Name)", node.Name, StringComparison.Ordinal)),
        _ => throw new InvalidDataException($"{setting.Name} comes from somewhere this test does not know."),
    };

    // node-1.mesh:8443, as the cluster's name service would have it.
    private string Resolved(string value) => _stack.Nodes.Aggregate(value, (text, node) =>
        text.Replace($"{node.Name}.mesh:8443", $"localhost:{node.MeshPort}", StringComparison.Ordinal));
}
