using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Volumes;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Containers;

/// <summary>A node in a container, and the container engine's operations on it.</summary>
internal sealed class NodeContainer : IAsyncDisposable
{
    private readonly ContainerStack _stack;
    private readonly IContainer _container;
    private readonly string _token;
    private NodeClient? _client;

    private NodeContainer(ContainerStack stack, IContainer container, string name, string token)
    {
        (_stack, _container, Name, _token) = (stack, container, name, token);
        stack.Own(this);
    }

    public string Name { get; }

    public string Id => _container.Id;

    /// <summary>A client for its API from outside; replaced after a restart, which changes the port.</summary>
    public NodeClient Client => _client ?? throw new InvalidOperationException($"{Name} has not been started.");

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>
    /// Starts a node as deployments do: read-only, unprivileged, with keys and storage in one volume and log files in another. It
    /// advertises its name, which cannot be resolved outside its network.
    /// </summary>
    public static async Task<NodeContainer> StartAsync(
        ContainerStack stack, string image, string name, string token, IEnumerable<string> bootstrap, IReadOnlyDictionary<string, string> environment, IVolume logs)
    {
        var builder = (await stack.BuilderAsync(image, name, NodeImage.HttpPort, NodeImage.MetricsPort))
            .WithEnvironment("Node__Name", name)
            .WithEnvironment("Mesh__Advertise", $"{name}:{NodeImage.MeshPort}")
            .WithEnvironment("Mesh__Bootstrap", string.Join(',', bootstrap.Select(peer => $"tcp://{peer}:{NodeImage.MeshPort}")))
            .WithEnvironment("Api__Token", token)
            .WithEnvironment("MESHARA_TOKEN", token)
            // Trace every message: exemplars and searches must find the one that a test sent.
            .WithEnvironment("OTEL_TRACES_SAMPLER", "always_on")
            .WithEnvironment(environment)
            .WithVolumeMount(logs, NodeImage.Logs)
            .WithCreateParameterModifier(parameters =>
            {
                parameters.Volumes = new Dictionary<string, EmptyStruct> { [NodeImage.Data] = default };
                var host = parameters.HostConfig!;
                host.ReadonlyRootfs = true;
                host.CapDrop = ["ALL"];
                host.SecurityOpt = ["no-new-privileges"];
                // The test's connection, which stays when the node is cut off from the others.
                parameters.NetworkingConfig!.EndpointsConfig!["bridge"] = new EndpointSettings();
            });
        var node = new NodeContainer(stack, await stack.StartAsync(builder), name, token);
        await node.IsReadyAsync();
        return node;
    }

    /// <summary>Asks it to stop, and waits until it has.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<long> StopAsync()
    {
        await ContainerStack.InTimeAsync(_container.StopAsync(Test));
        return await _container.GetExitCodeAsync(Test);
    }

    /// <summary>Kills it.</summary>
    public async Task KillAsync()
    {
        var kill = new ContainerKillParameters { Signal = "KILL" };
        await ContainerStack.InTimeAsync(_stack.Images.Engine.Containers.KillContainerAsync(Id, kill, Test));
        await _container.GetExitCodeAsync(Test).WaitAsync(ContainerStack.Deadline, Test);
    }

    /// <summary>Restarts it with its stored data.</summary>
    public async Task StartAgainAsync()
    {
        await ContainerStack.InTimeAsync(_container.StartAsync(Test));
        await IsReadyAsync();
    }

    /// <summary>Pauses its processes.</summary>
    public Task PauseAsync() => ContainerStack.InTimeAsync(_container.PauseAsync(Test));

    /// <summary>Resumes its processes.</summary>
    public Task UnpauseAsync() => ContainerStack.InTimeAsync(_container.UnpauseAsync(Test));

    /// <summary>Disconnects it from the mesh's network.</summary>
    public Task CutAsync() => _stack.Images.Engine.Networks.DisconnectNetworkAsync(_stack.Network.Name, new NetworkDisconnectParameters { Container = Id }, Test);

    /// <summary>Reconnects it to the mesh's network.</summary>
    public Task HealAsync() => _stack.Images.Engine.Networks.ConnectNetworkAsync(
        _stack.Network.Name, new NetworkConnectParameters { Container = Id, EndpointConfig = new EndpointSettings { Aliases = [Name] } }, Test);

    /// <summary>Runs a command in the container.</summary>
    public Task<ExecResult> ExecAsync(params string[] command) => _container.ExecAsync(command, Test);

    /// <summary>The engine's description of the container.</summary>
    public Task<ContainerInspectResponse> InspectAsync() => _stack.Images.Engine.Containers.InspectContainerAsync(Id, Test);

    /// <summary>Reads a file from the container.</summary>
    public Task<byte[]> ReadFileAsync(string path) => _container.ReadFileAsync(path, Test);

    public ValueTask DisposeAsync()
    {
        _client?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task IsReadyAsync()
    {
        _client?.Dispose();
        var (http, metrics) = ($"http://127.0.0.1:{_container.GetMappedPublicPort(NodeImage.HttpPort)}/", $"http://127.0.0.1:{_container.GetMappedPublicPort(NodeImage.MetricsPort)}/metrics");
        using var probe = new HttpClient { BaseAddress = new Uri(http), Timeout = TimeSpan.FromSeconds(5) };
        probe.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        await _stack.UntilAsync($"{Name} is ready", async () => (await probe.GetAsync("ready", Test)).IsSuccessStatusCode);
        var address = (await probe.GetFromJsonAsync<JsonElement>("api/node", Test)).GetProperty("address").GetString()!;
        _client = new NodeClient(new NodeEndpoint(Name, address, $"{Name}:{NodeImage.MeshPort}", http, metrics, 0));
        _client.Http.DefaultRequestHeaders.Authorization = probe.DefaultRequestHeaders.Authorization;
    }
}
