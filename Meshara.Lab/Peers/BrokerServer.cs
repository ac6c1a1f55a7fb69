using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Meshara.Harness;
using Meshara.Harness.Processes;

namespace Meshara.Lab.Peers;

/// <summary>A broker's server program as a child process, which ends with the lab.</summary>
internal sealed class BrokerServer : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly ChildProcess _guard;

    private BrokerServer(ChildProcess guard) => _guard = guard;

    /// <summary>The server's processes.</summary>
    public IReadOnlyList<int> Processes => TreeUse.ChildrenOf(_guard.Id);

    /// <summary>Starts a program and waits until it listens.</summary>
    /// <param name="program">Its path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Its environment variables beside those of the lab.</param>
    /// <param name="folder">Its working directory.</param>
    /// <param name="port">The port of the loopback address that it will listen on.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="StackException">It ended, or did not listen in time.</exception>
    public static async Task<BrokerServer> StartAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, string folder, int port,
        CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(program);
        var start = Guard.Start(program, arguments);
        start.WorkingDirectory = folder;
        foreach (var (variable, value) in environment)
            start.Environment[variable] = value;
        var log = new ChildLog(Path.Combine(folder, $"{name}.log"));
        var server = new BrokerServer(ChildProcess.Start(name, start, log, static (_, _) => { }));
        try
        {
            await server.ListensAsync(name, port, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _guard.StopAsync(StopDeadline, CancellationToken.None);
        await _guard.DisposeAsync();
    }

    private async Task ListensAsync(string name, int port, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(PollInterval);
        while (!await AcceptsAsync(port, cancellationToken))
        {
            var fault = _guard.Exited.IsCompleted ? $"ended with exit code {await _guard.Exited}"
                : Stopwatch.GetElapsedTime(started) > StartDeadline ? $"did not listen within {StartDeadline.TotalSeconds:0} s"
                : null;
            if (fault is not null)
                throw new StackException($"{name} {fault}: {string.Join('\n', _guard.Log.Tail)}");
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private static async Task<bool> AcceptsAsync(int port, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false; // not yet
        }
    }
}
