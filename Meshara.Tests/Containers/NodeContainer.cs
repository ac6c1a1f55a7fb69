using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Volumes;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Containers;

/// <summary>A node in a container, and what a container engine can do to it.</summary>
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

    /// <summary>Its API, from outside; another one after a restart, when it is on another port.</summary>
    public NodeClient Client => _client ?? throw new InvalidOperationException($"{Name} has not been started.");

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>
    /// Starts a node the way a deployment does: read-only, without any privilege, keys and storage in a volume, log files in another.
    /// It advertises its name, which nobody outside its network can resolve.
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
            // Every message is traced: exemplars and searches must find the one that a test sent.
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
                // The way in for the test, which stays open when the node is cut off from the others.
                parameters.NetworkingConfig!.EndpointsConfig!["bridge"] = new EndpointSettings();
            });
        var node = new NodeContainer(stack, await stack.StartAsync(builder), name, token);
        await node.IsReadyAsync();
        return node;
    }

    /// <summary>Asks it to stop and waits until it has.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<long> StopAsync()
    {
        await ContainerStack.InTimeAsync(_container.StopAsync(Test));
        return await _container.GetExitCodeAsync(Test);
    }

    /// <summary>Ends it without warning.</summary>
    public async Task KillAsync()
    {
        var kill = new ContainerKillParameters { Signal = "KILL" };
        await ContainerStack.InTimeAsync(_stack.Images.Engine.Containers.KillContainerAsync(Id, kill, Test));
        await _container.GetExitCodeAsync(Test).WaitAsync(ContainerStack.Deadline, Test);
    }

    /// <summary>Starts it again, with what it had stored.</summary>
    public async Task StartAgainAsync()
    {
        await ContainerStack.InTimeAsync(_container.StartAsync(Test));
        await IsReadyAsync();
    }

    /// <summary>Stops its processes where they are.</summary>
    public Task PauseAsync() => ContainerStack.InTimeAsync(_container.PauseAsync(Test));

    /// <summary>Lets them go on.</summary>
    public Task UnpauseAsync() => ContainerStack.InTimeAsync(_container.UnpauseAsync(Test));

    /// <summary>Takes it out of the mesh's network.</summary>
    public Task CutAsync() => _stack.Images.Engine.Networks.DisconnectNetworkAsync(_stack.Network.Name, new NetworkDisconnectParameters { Container = Id }, Test);

    /// <summary>Puts it back.</summary>
    public Task HealAsync() => _stack.Images.Engine.Networks.ConnectNetworkAsync(
        _stack.Network.Name, new NetworkConnectParameters { Container = Id, EndpointConfig = new EndpointSettings { Aliases = [Name] } }, Test);

    /// <summary>Runs a command in the container.</summary>
    public Task<ExecResult> ExecAsync(params string[] command) => _container.ExecAsync(command, Test);

    /// <summary>The container as its engine sees it.</summary>
    public Task<ContainerInspectResponse> InspectAsync() => _stack.Images.Engine.Containers.InspectContainerAsync(Id, Test);

    /// <summary>A file in it.</summary>
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
