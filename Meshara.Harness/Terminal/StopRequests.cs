using System.Diagnostics;
using System.Runtime.InteropServices;
using Meshara.Harness.Processes;

namespace Meshara.Harness.Terminal;

/// <summary>
/// Everything that tells the host to stop: Ctrl+C, SIGTERM, a closed terminal, the end of standard input when asked for,
/// and the death of the <c>dotnet run</c> that started it. A second Ctrl+C or SIGTERM asks to stop at once.
/// </summary>
internal sealed class StopRequests : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _kill = new();
    private readonly CancellationTokenSource _watching = new();
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly List<Task> _watches = [];

    /// <param name="console">Told why the host stops.</param>
    public StopRequests(StatusConsole console)
    {
        Console = console;
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
            _signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
    }

    /// <summary>Cancelled when the host is to drain and stop.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Cancelled when the host is to stop at once.</summary>
    public CancellationToken Kill => _kill.Token;

    private StatusConsole Console { get; }

    /// <summary>Stops the host when <paramref name="input"/> ends.</summary>
    public void WatchInput(Stream input) => _watches.Add(WatchAsync(Guard.DrainAsync(input, _watching.Token), "Standard input closed"));

    /// <summary>
    /// Stops the host when the <c>dotnet</c> process that started it vanishes. <c>dotnet run</c> passes signals on, but a
    /// SIGKILL it cannot: the mesh would go on without a terminal to stop it from. Any other parent (a shell with
    /// <c>nohup</c>, a service manager that forks) may end on purpose, so only a parent named dotnet is watched. On Windows
    /// <c>dotnet run</c> holds its child in a job object that ends with it, so nothing is to be done there.
    /// </summary>
    public void WatchDotnetRun()
    {
        if (OperatingSystem.IsWindows())
            return;
        try
        {
            var parent = Process.GetProcessById(Unix.ParentId());
            if (parent.ProcessName == "dotnet")
                _watches.Add(WatchAsync(parent.WaitForExitAsync(_watching.Token), "The dotnet process that started this host is gone"));
            else
                parent.Dispose();
        }
        catch (ArgumentException)
        {
            // It ended before it could be looked at; whoever adopted this process is no dotnet run.
        }
    }

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _watching.Cancel();
        _watching.Dispose();
        // Not those of Stop and Kill: another thread may be in the handler of a signal at this moment.
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_stop.IsCancellationRequested)
        {
            _kill.Cancel();
            return;
        }

        Console.WriteLine("Stopping the mesh; once more to stop it at once.");
        _stop.Cancel();
    }

    private async Task WatchAsync(Task ended, string reason)
    {
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_watching.IsCancellationRequested || _stop.IsCancellationRequested)
            return;
        Console.WriteLine($"{reason}; stopping the mesh.");
        await _stop.CancelAsync();
    }
}
