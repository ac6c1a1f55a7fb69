using System.ComponentModel;
using System.Diagnostics;

namespace Meshara.Harness.Processes;

/// <summary>
/// A child process of the host. Its output goes to its log. Closing its standard input asks it to stop; the operating system closes it
/// too if the host dies for any reason, so no child outlives its host.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    // A grandchild that inherited the pipes may keep them open long after the child has exited.
    private static readonly TimeSpan OutputDeadline = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly ChildLog _log;

    private ChildProcess(string name, Process process, ChildLog log, Action<string, bool> line)
    {
        Name = name;
        Id = process.Id;
        _process = process;
        _log = log;
        Exited = WatchAsync(
            PumpAsync(process.StandardOutput, text => line(text, false)),
            PumpAsync(process.StandardError, text => line(text, true)));
    }

    /// <summary>Its name in messages.</summary>
    public string Name { get; }

    /// <summary>The process id.</summary>
    public int Id { get; }

    /// <summary>Completes with the exit code once the process has exited and its output is written.</summary>
    public Task<int> Exited { get; }

    public ChildLog Log => _log;

    /// <summary>Starts a child.</summary>
    /// <param name="name">Its name in messages.</param>
    /// <param name="start">Program, arguments and environment; this method redirects the streams.</param>
    /// <param name="log">Its log, which the child owns and disposes.</param>
    /// <param name="line">Called with each line it prints, and true for standard error. Called from two threads.</param>
    /// <exception cref="StackException">The program cannot be started.</exception>
    public static ChildProcess Start(string name, ProcessStartInfo start, ChildLog log, Action<string, bool> line)
    {
        ArgumentNullException.ThrowIfNull(start);
        start.UseShellExecute = false;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        try
        {
            return new ChildProcess(name, Process.Start(start)!, log, line);
        }
        catch (Win32Exception exception)
        {
            log.Dispose();
            throw new StackException($"{name} cannot be started: {exception.Message}");
        }
    }

    /// <summary>Writes a line to its standard input.</summary>
    public async Task WriteLineAsync(string line)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(line);
            await _process.StandardInput.FlushAsync();
        }
        catch (IOException)
        {
            // It has exited; Exited reports that.
        }
    }

    /// <summary>Asks the child to stop by closing its standard input; returns at once.</summary>
    public void CloseInput()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has already exited.
        }
    }

    /// <summary>Kills the child and its descendants.</summary>
    public void Kill()
    {
        if (!Exited.IsCompleted)
            _process.Kill(entireProcessTree: true);
    }

    /// <summary>Asks the child to stop, and kills it if it does not stop in time.</summary>
    /// <param name="deadline">How long to wait.</param>
    /// <param name="killNow">Ends the wait early.</param>
    /// <returns>False if it had to be killed.</returns>
    public async Task<bool> StopAsync(TimeSpan deadline, CancellationToken killNow)
    {
        CloseInput();
        try
        {
            await Exited.WaitAsync(deadline, killNow);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            Kill();
            await Exited;
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await Exited;
        _log.Dispose();
        _process.Dispose();
    }

    private async Task<int> WatchAsync(Task output, Task error)
    {
        await _process.WaitForExitAsync();
        await Task.WhenAny(Task.WhenAll(output, error), Task.Delay(OutputDeadline));
        return _process.ExitCode;
    }

    private async Task PumpAsync(StreamReader reader, Action<string> line)
    {
        while (await reader.ReadLineAsync() is { } text)
        {
            _log.Append(text);
            line(text);
        }
    }
}
