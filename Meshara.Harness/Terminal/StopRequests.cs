using System.Diagnostics;
using System.Runtime.InteropServices;
using Meshara.Harness.Processes;

namespace Meshara.Harness.Terminal;

/// <summary>
/// Collects the requests to stop the host: Ctrl+C, SIGTERM, a closed terminal, the end of standard input if it is watched, and the
/// death of the <c>dotnet run</c> that started the host. A second signal asks it to stop at once.
/// </summary>
internal sealed class StopRequests : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _kill = new();
    private readonly CancellationTokenSource _watching = new();
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly List<Task> _watches = [];

    /// <param name="console">Shows why the host stops.</param>
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

    /// <summary>Requests a stop when <paramref name="input"/> ends.</summary>
    public void WatchInput(Stream input) => _watches.Add(WatchAsync(Guard.DrainAsync(input, _watching.Token), "Standard input closed"));

    /// <summary>
    /// Requests a stop when the <c>dotnet</c> process that started the host exits. <c>dotnet run</c> forwards signals, but it cannot
    /// forward SIGKILL: the mesh would keep running with no terminal to stop it from. Any other parent (a shell with <c>nohup</c>, a
    /// service manager that forks) may exit on purpose, so only a parent named dotnet is watched. On Windows, <c>dotnet run</c> puts its
    /// child into a job object that ends with it, so there is nothing to watch.
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
            // The parent has already exited, and the process that adopted this one is not dotnet run.
        }
    }

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _watching.Cancel();
        _watching.Dispose();
        // The sources of Stop and Kill are not disposed: another thread may be running OnSignal.
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
