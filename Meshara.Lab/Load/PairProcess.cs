using System.Diagnostics;
using System.Text.Json;
using Meshara.Harness;
using Meshara.Harness.Processes;

namespace Meshara.Lab.Load;

/// <summary>
/// A node of a pair as a child process, which runs <see cref="PairRole"/> with the runtime settings of the node's own program.
/// </summary>
internal sealed class PairProcess : IAsyncDisposable
{
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(10);

    private readonly ChildProcess _child;
    private TaskCompletionSource<PairAnswer>? _asked;

    private PairProcess(string name, string logPath, IReadOnlyDictionary<string, string?> environment) =>
        _child = ChildProcess.Start(name, Command(environment), new ChildLog(logPath), OnLine);

    /// <summary>Its address.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The endpoint that peers dial.</summary>
    public string Mesh { get; private set; } = "";

    /// <summary>The URL that Prometheus would scrape.</summary>
    public Uri Metrics { get; private set; } = null!;

    /// <summary>Its process id.</summary>
    public int Id => _child.Id;

    /// <summary>Starts a process with a node, and returns once the node has joined.</summary>
    /// <param name="order">The order that starts the node.</param>
    /// <param name="environment">Environment variables in addition to this process's own, such as <c>DOTNET_*</c>.</param>
    /// <param name="cancellationToken">Cancels the wait and ends the process.</param>
    /// <exception cref="InvalidOperationException">It could not start.</exception>
    public static async Task<PairProcess> StartAsync(StartNode order, IReadOnlyDictionary<string, string?> environment, CancellationToken cancellationToken)
    {
        var process = new PairProcess(order.Name, order.Folder + ".log", environment);
        try
        {
            var started = await process.AskAsync<NodeStarted>(order, cancellationToken);
            (process.Address, process.Mesh, process.Metrics) = (started.Address, started.Mesh, started.Metrics);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives an order and waits for its answer. Not for concurrent use.</summary>
    /// <exception cref="InvalidOperationException">The order failed, or the process ended.</exception>
    public async Task<TAnswer> AskAsync<TAnswer>(PairOrder order, CancellationToken cancellationToken) where TAnswer : PairAnswer
    {
        var asked = new TaskCompletionSource<PairAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked = asked;
        await _child.WriteLineAsync(JsonSerializer.Serialize(order, PairAnswer.Json));
        await Task.WhenAny(asked.Task, _child.Exited).WaitAsync(cancellationToken);
        if (!asked.Task.IsCompleted)
            throw new InvalidOperationException($"{_child.Name} ended with exit code {await _child.Exited}: {string.Join('\n', _child.Log.Tail)}");
        return await asked.Task switch
        {
            TAnswer answer => answer,
            OrderFailed failure => throw new InvalidOperationException($"{_child.Name}: {failure.Message}"),
            var other => throw new InvalidOperationException($"{_child.Name} answered {other.GetType().Name}."),
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _child.StopAsync(StopDeadline, CancellationToken.None);
        await _child.DisposeAsync();
    }

    private void OnLine(string line, bool isError)
    {
        if (!isError && line.StartsWith(PairAnswer.Mark, StringComparison.Ordinal))
            _asked?.TrySetResult(JsonSerializer.Deserialize<PairAnswer>(line, PairAnswer.Json)!);
    }

    private static ProcessStartInfo Command(IReadOnlyDictionary<string, string?> environment)
    {
        var start = new ProcessStartInfo(
            Path.Combine(Locations.DotnetRoot(), OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"),
            ["exec", "--runtimeconfig", Path.ChangeExtension(Locations.NodeExecutable(), ".runtimeconfig.json"), typeof(PairProcess).Assembly.Location, PairRole.CommandName]);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return start;
    }
}
