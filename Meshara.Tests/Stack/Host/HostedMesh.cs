using System.Text.Json;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Stack.Host;

/// <summary>
/// A mesh started by the host's real executable, on free ports and in a temporary folder. By default, it has no traffic (unless
/// <c>--traffic</c> is given) and no servers (unless <c>--without</c> is given).
/// </summary>
internal sealed class HostedMesh : IAsyncDisposable
{
    /// <summary>All servers, for <c>--without</c>.</summary>
    public const string Servers = "mailpit,alertmanager,elasticsearch,jaeger,kibana,filebeat,prometheus,grafana";

    private readonly TemporaryFolder _folder;

    private HostedMesh(TemporaryFolder folder, string data, RunningProgram host, IReadOnlyList<NodeClient> nodes)
    {
        _folder = folder;
        Data = data;
        Host = host;
        Nodes = nodes;
    }

    /// <summary>The host's process.</summary>
    public RunningProgram Host { get; }

    /// <summary>The nodes, node-1 first.</summary>
    public IReadOnlyList<NodeClient> Nodes { get; }

    /// <summary>The mesh's folder (<c>--data</c>).</summary>
    public string Data { get; }

    /// <summary>Starts a mesh, and returns once all its nodes are ready.</summary>
    /// <param name="nodes">Number of nodes.</param>
    /// <param name="test">The test's token.</param>
    /// <param name="options">Additional options of the host.</param>
    /// <param name="data">A folder that outlives the mesh, for tests that restart it.</param>
    /// <param name="environment">Environment variables of the host, which its nodes inherit.</param>
    public static async Task<HostedMesh> StartAsync(
        int nodes, CancellationToken test, string[]? options = null, string? data = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var folder = new TemporaryFolder();
        var endpoints = folder.File("endpoints.json");
        options ??= [];
        string[] traffic = options.Contains("--traffic") ? [] : ["--traffic", "0"];
        string[] servers = options.Contains("--without") ? [] : ["--without", Servers];
        data ??= folder.File("data");
        var start = HostProgram.Start(HostProgram.Host,
        [
            "--nodes", $"{nodes}", "--ports", "auto", "--data", data, "--endpoints", endpoints, "--stop-with-input", .. traffic, .. servers, .. options,
        ]);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        var host = new RunningProgram(start);
        try
        {
            return new HostedMesh(folder, data, host, await ReadEndpointsAsync(host, endpoints, test));
        }
        catch
        {
            await host.DisposeAsync();
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Waits for the endpoints file, which appears once all nodes are ready.</summary>
    public static async Task<IReadOnlyList<NodeClient>> ReadEndpointsAsync(RunningProgram host, string path, CancellationToken test)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(test);
        limit.CancelAfter(2 * NodeClient.Deadline);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            while (!File.Exists(path))
            {
                Assert.False(host.HasExited, $"The mesh did not get ready. The host printed:\n{host.Output}");
                await timer.WaitForNextTickAsync(limit.Token);
            }
        }
        catch (OperationCanceledException) when (!test.IsCancellationRequested)
        {
            throw new TimeoutException($"The mesh did not get ready in time. The host printed:\n{host.Output}");
        }

        var file = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(path, test));
        return [.. file.GetProperty("nodes").Deserialize<NodeEndpoint[]>(NodeClient.Json)!.Select(endpoint => new NodeClient(endpoint))];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
            node.Dispose();
        await Host.DisposeAsync();
        _folder.Dispose();
    }
}
