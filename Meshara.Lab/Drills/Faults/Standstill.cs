using System.Diagnostics;
using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Processes;

namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// A process that does not run for a while (SIGSTOP), as one whose machine sleeps. It goes on when this is disposed, and also when the lab
/// ends, however that happens: what stopped it waits for that.
/// </summary>
internal sealed class Standstill : IAsyncDisposable
{
    private const string Stopped = "stopped";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    // cat ends with its standard input, which the lab holds. Ctrl+C in a terminal reaches this process, too, and must not end it before.
    private const string Script = $"trap '' INT; kill -STOP $1 && echo {Stopped} && cat; kill -CONT $1";

    private readonly ChildProcess _holder;

    private Standstill(ChildProcess holder) => _holder = holder;

    /// <summary>Stops a process.</summary>
    /// <param name="processId">Which.</param>
    /// <param name="log">Where what stops it writes.</param>
    /// <param name="stop">Ends the wait until it is stopped.</param>
    /// <exception cref="StackException">It cannot be stopped.</exception>
    public static async Task<Standstill> BeginAsync(int processId, string log, CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var start = new ProcessStartInfo("sh", ["-c", Script, "sh", processId.ToString(CultureInfo.InvariantCulture)]);
        var standstill = new Standstill(ChildProcess.Start("sh", start, new ChildLog(log), (line, _) =>
        {
            if (line == Stopped)
                stopped.SetResult();
        }));
        try
        {
            if (await Task.WhenAny(stopped.Task, standstill._holder.Exited).WaitAsync(Deadline, stop) != stopped.Task)
                throw new StackException($"process {processId} cannot be stopped: {string.Join(' ', standstill._holder.Log.Tail)}");
            return standstill;
        }
        catch
        {
            await standstill.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _holder.CloseInput();
        await _holder.Exited;
        await _holder.DisposeAsync();
    }
}
