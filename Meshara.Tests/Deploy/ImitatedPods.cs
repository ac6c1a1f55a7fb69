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
/// The pods of the StatefulSet as processes, with the settings Kubernetes gives them. Only what a cluster provides (DNS names, folders,
/// the secret) comes from this machine. The name of a node that does not exist leads nowhere.
/// </summary>
internal sealed class ImitatedPods : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _token = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly PortLease _ports;
    private readonly MeshStack _stack;
    private readonly Dictionary<StackNode, RunningProgram> _running = [];

    public ImitatedPods(int replicas)
    {
        _ports = Ports.Lease(replicas, Random.Shared);
        _stack = MeshStack.Create(replicas, _ports.Ports);
    }

    /// <summary>The container of the base.</summary>
    public static V1Container Container { get; } = Assert.Single(
        Manifests.Parse(File.ReadAllText(Path.Combine(AlertFiles.Root, "deploy", "kubernetes", "base", "nodes.yaml")))
            .Find<V1StatefulSet>("node").Spec.Template.Spec.Containers);

    public IReadOnlyList<StackNode> Nodes => _stack.Nodes;

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>The path of a pod's folder.</summary>
    public string Folder(StackNode node, string path) => Path.Combine(_folder.Path, node.Name, path);

    /// <summary>Starts nodes all at once, like a StatefulSet with podManagementPolicy Parallel.</summary>
    public void Start(params IEnumerable<StackNode> nodes)
    {
        foreach (var node in nodes)
        {
            var start = HostProgram.Start(HostProgram.Node, [.. Container.Args, "--stop-with-input"]);
            foreach (var setting in Container.Env)
                start.Environment[setting.Name] = Value(setting, node);
            // Half a minute in a cluster.
            start.Environment["Routing__AloneAfter"] = "00:00:02";
            _running[node] = new RunningProgram(start);
        }
    }

    /// <summary>Kills nodes, all at once.</summary>
    public async Task KillAsync(params IEnumerable<StackNode> nodes)
    {
        var killed = nodes.Select(node => (node, program: _running[node])).ToList();
        await Task.WhenAll(killed.Select(one => one.program.KillAsync(Test)));
        foreach (var (node, program) in killed)
        {
            _running.Remove(node);
            await program.DisposeAsync();
        }
    }

    /// <summary>A client for a node's API, with the secret's token.</summary>
    public NodeClient Client(StackNode node)
    {
        var (http, metrics) = ($"http://127.0.0.1:{node.HttpPort}", $"http://127.0.0.1:{node.MetricsPort}/metrics");
        var client = new NodeClient(new NodeEndpoint(node.Name, "", $"tcp://localhost:{node.MeshPort}", http, metrics, 0));
        client.Http.DefaultRequestHeaders.Authorization = new("Bearer", _token);
        return client;
    }

    /// <summary>Waits until a probe returns this status.</summary>
    public async Task ProbeAsync(StackNode node, string path, HttpStatusCode expected)
    {
        using var client = Client(node);
        await client.UntilAsync($"answers {path} with {expected}", async () =>
        {
            Assert.False(_running[node].HasExited, _running[node].Output);
            using var answer = await client.Http.GetAsync(path, Test);
            return answer.StatusCode == expected;
        }, Test);
    }

    /// <summary>Waits until every node passes its probes and is connected to all others.</summary>
    public async Task AreWholeAsync()
    {
        foreach (var node in Nodes)
        {
            foreach (var probe in (V1Probe[])[Container.LivenessProbe, Container.ReadinessProbe])
                await ProbeAsync(node, probe.HttpGet.Path, HttpStatusCode.OK);
            using var client = Client(node);
            await client.UntilAsync("has every peer", async () =>
            {
                var health = JsonSerializer.Deserialize<JsonElement>(await client.Http.GetStringAsync("health", Test));
                return health.GetProperty("connected_peers").GetInt32() == Nodes.Count - 1;
            }, Test);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _running.Values)
            await node.DisposeAsync();
        _ports.Dispose();
        _folder.Dispose();
    }

    private string Value(V1EnvVar setting, StackNode node) => setting switch
    {
        { ValueFrom.FieldRef.FieldPath: "metadata.name" } => node.Name,
        { ValueFrom.SecretKeyRef.Key: "token" } => _token,
        { Name: "Api__Host" } => "127.0.0.1",
        { Name: "Api__Port" } => node.HttpPort.ToString(CultureInfo.InvariantCulture),
        { Name: "Metrics__Port" } => node.MetricsPort.ToString(CultureInfo.InvariantCulture),
        { Name: "Mesh__Listen" } => $"127.0.0.1:{node.MeshPort}",
        { Value: ['/', .. var path] } => Folder(node, path),
        { Value: { } value } => Resolved(value.Replace("$(Node__Name)", node.Name, StringComparison.Ordinal)),
        _ => throw new InvalidDataException($"{setting.Name} comes from somewhere this test does not know."),
    };

    // node-1.mesh:8443, as the cluster's DNS would resolve it.
    private string Resolved(string value) => Nodes.Aggregate(value, (text, node) =>
        text.Replace($"{node.Name}.mesh:8443", $"localhost:{node.MeshPort}", StringComparison.Ordinal));
}
