using System.Collections.Concurrent;
using System.Diagnostics;

namespace Meshara.Tests.Stack.Local;

/// <summary>
/// A program under test as a child process. It stops when its standard input closes, so nothing outlives the test run, and its output is
/// available when a test fails.
/// </summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly Task _pumps;

    public RunningProgram(ProcessStartInfo start)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _pumps = Task.WhenAll(PumpAsync(_process.StandardOutput), PumpAsync(_process.StandardError));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Everything it printed, on both streams.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>Asks it to stop.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync(CancellationToken test)
    {
        _process.StandardInput.Close();
        return await ExitAsync(test);
    }

    /// <summary>Waits until it exits.</summary>
    /// <param name="test">The test's token.</param>
    /// <param name="deadline">Maximum time to wait, for slow programs.</param>
    /// <returns>Its exit code.</returns>
    public async Task<int> ExitAsync(CancellationToken test, TimeSpan? deadline = null)
    {
        var limit = deadline ?? NodeClient.Deadline;
        try
        {
            await Task.WhenAll(_process.WaitForExitAsync(test), _pumps).WaitAsync(limit, test);
            return _process.ExitCode;
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The program did not end within {limit.TotalSeconds} s. It printed:\n{Output}");
        }
    }

    /// <summary>Waits until it has printed a line with this text.</summary>
    public async Task PrintsAsync(string text, CancellationToken test)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(test);
        limit.CancelAfter(NodeClient.Deadline);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            while (!_lines.Any(line => line.Contains(text, StringComparison.Ordinal)))
                await timer.WaitForNextTickAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!test.IsCancellationRequested)
        {
            throw new TimeoutException($"The program did not print '{text}' within {NodeClient.Deadline.TotalSeconds} s but:\n{Output}");
        }
    }

    /// <summary>Types into its standard input.</summary>
    public async Task TypeAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Kills it (SIGKILL), but not its children: the test checks what becomes of them.</summary>
    public async Task KillAsync(CancellationToken test)
    {
        _process.Kill();
        await _process.WaitForExitAsync(test);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            using var limit = new CancellationTokenSource(NodeClient.Deadline);
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private async Task PumpAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
            _lines.Enqueue(line);
    }
}
