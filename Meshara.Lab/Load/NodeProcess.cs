using System.Diagnostics;
using System.Globalization;
using System.Net;
using Meshara.Harness;
using Meshara.Harness.Processes;

namespace Meshara.Lab.Load;

/// <summary>The node's own program as a child process, without telemetry, timed from its start until it is ready.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(10);

    // Finer than the measured times; a request to a port that is not open yet takes microseconds.
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(2);

    private readonly ChildProcess _child;
    private readonly PortLease _lease;

    private NodeProcess(ChildProcess child, StackNode plan, PortLease lease)
    {
        _child = child;
        _lease = lease;
        Mesh = new IPEndPoint(IPAddress.Loopback, plan.MeshPort);
        Api = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{plan.HttpPort}"));
    }

    /// <summary>The endpoint that peers dial.</summary>
    public IPEndPoint Mesh { get; }

    /// <summary>Base of its API and health.</summary>
    public Uri Api { get; }

    /// <summary>Time from the start of the process to the first 200 from <c>/ready</c>.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    /// <summary>Starts a node and waits until it is ready.</summary>
    /// <param name="program">Its executable.</param>
    /// <param name="folder">Its data directory; existing keys are reused.</param>
    /// <param name="settings">Environment variables, such as <c>Transport__MaxConnections</c>.</param>
    /// <param name="client">Polls the node; warm it up if milliseconds matter.</param>
    /// <param name="cancellationToken">Cancels the wait and ends the process.</param>
    /// <exception cref="InvalidOperationException">It ended, or was not ready in time.</exception>
    public static async Task<NodeProcess> StartAsync(
        string program, string folder, IReadOnlyDictionary<string, string> settings, HttpClient client, CancellationToken cancellationToken)
    {
        var lease = Ports.Lease(1, Random.Shared);
        var plan = Stack.Create(1, lease.Ports).Nodes[0];
        var command = Command(program, folder, plan, settings);
        var log = new ChildLog(folder + ".log");
        var started = Stopwatch.GetTimestamp();
        var node = new NodeProcess(ChildProcess.Start("node", command, log, static (_, _) => { }), plan, lease);
        try
        {
            await node.WaitUntilReadyAsync(client, started, cancellationToken);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Resident memory of the process.</summary>
    public long ResidentBytes()
    {
        using var process = Process.GetProcessById(_child.Id);
        return process.WorkingSet64;
    }

    public async ValueTask DisposeAsync()
    {
        await _child.StopAsync(StopDeadline, CancellationToken.None);
        await _child.DisposeAsync();
        _lease.Dispose();
    }

    private async Task WaitUntilReadyAsync(HttpClient client, long started, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(PollInterval);
        var ready = new Uri(Api, "ready");
        while (!await IsReadyAsync(client, ready, cancellationToken))
        {
            if (_child.Exited.IsCompleted)
                throw new InvalidOperationException($"The node ended with exit code {await _child.Exited}: {string.Join('\n', _child.Log.Tail)}");
            if (Stopwatch.GetElapsedTime(started) > ReadyDeadline)
                throw new InvalidOperationException($"The node was not ready within {ReadyDeadline.TotalSeconds:0} s.");
            await timer.WaitForNextTickAsync(cancellationToken);
        }
        ReadyAfter = Stopwatch.GetElapsedTime(started);
    }

    private static async Task<bool> IsReadyAsync(HttpClient client, Uri ready, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.GetAsync(ready, cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // the node does not listen yet
        }
    }

    private static ProcessStartInfo Command(string program, string folder, StackNode plan, IReadOnlyDictionary<string, string> settings)
    {
        var start = new ProcessStartInfo(program,
        [
            "run", "--name", "node", "--data", folder,
            "--mesh", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{plan.MeshPort}"),
            "--http", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{plan.HttpPort}"),
            "--metrics", plan.MetricsPort.ToString(CultureInfo.InvariantCulture),
            "--stop-with-input",
        ]);
        start.Environment.TryAdd("DOTNET_ROOT", Locations.DotnetRoot());
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return start;
    }
}
