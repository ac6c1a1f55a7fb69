using System.Diagnostics;
using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Processes;

namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// Suspends a process (SIGSTOP), as if its machine slept. The process resumes on dispose, and also when the lab ends for any reason: a
/// holder process waits for that.
/// </summary>
internal sealed class Standstill : IAsyncDisposable
{
    private const string Stopped = "stopped";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    // cat ends when its standard input, which the lab holds, closes. Ctrl+C in a terminal reaches this process, too, but must not
    // end it early.
    private const string Script = $"trap '' INT; kill -STOP $1 && echo {Stopped} && cat; kill -CONT $1";

    private readonly ChildProcess _holder;

    private Standstill(ChildProcess holder) => _holder = holder;

    /// <summary>Suspends a process.</summary>
    /// <param name="processId">Its id.</param>
    /// <param name="log">Path of the holder's log.</param>
    /// <param name="stop">Cancels the wait until it is suspended.</param>
    /// <exception cref="StackException">It cannot be suspended.</exception>
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
