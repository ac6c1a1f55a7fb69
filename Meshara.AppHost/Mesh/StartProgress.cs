using System.Globalization;
using System.Threading.Channels;
using Meshara.Harness;
using Meshara.Harness.Terminal;

namespace Meshara.AppHost.Mesh;

/// <summary>
/// How far the start of a mesh is. A node that starts warns of those that are not there yet; until all are ready these warnings are
/// counted and not shown.
/// </summary>
internal sealed class StartProgress(int nodes, StackFiles files, StatusConsole console, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Nodes that start at the same time. More than the cores can carry only make each other late: handshakes take too long, and are tried again.
    /// </summary>
    public static readonly int AtOnce = Math.Max(8, 4 * Environment.ProcessorCount);

    // An entry for each node that became ready and whose place nobody has taken yet.
    private readonly Channel<bool> _turns = Channel.CreateUnbounded<bool>();

    private int _ready;
    private int _warnings;

    /// <summary>True until every node is ready.</summary>
    public bool IsStarting => Volatile.Read(ref _ready) < nodes;

    /// <summary>Waits until a node may start: the first ones, which others join through, at once, and each further one when another is ready.</summary>
    /// <param name="index">The node's number, from 1.</param>
    /// <param name="stop">The end of the host.</param>
    public Task EnterAsync(int index, CancellationToken stop) => index <= AtOnce || !IsStarting ? Task.CompletedTask : _turns.Reader.ReadAsync(stop).AsTask();

    /// <summary>One more node is ready.</summary>
    public void AddReady()
    {
        Interlocked.Increment(ref _ready);
        _turns.Writer.TryWrite(true);
    }

    /// <summary>Counts a warning of a node.</summary>
    /// <returns>False when it is to be shown, since the mesh has started.</returns>
    public bool TryGather()
    {
        if (!IsStarting)
            return false;
        Interlocked.Increment(ref _warnings);
        return true;
    }

    /// <summary>Shows from time to time how far it is, until the mesh has started or <paramref name="stop"/> is cancelled.</summary>
    public async Task ShowAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop) && IsStarting)
            {
                if (console.IsInteractive)
                    console.SetLive(Format());
                else
                    console.WriteLine(Format());
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // All are ready, or the host is stopping.
        }

        console.SetLive(null);
        if (Volatile.Read(ref _warnings) > 0)
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"While it started there were {_warnings} warnings; they are in {StackFiles.Shown(files.NodeLogs)}."));
    }

    private string Format() => string.Create(CultureInfo.InvariantCulture,
        $"{_ready} of {nodes} nodes are ready{(_warnings == 0 ? "" : $", {_warnings} warnings so far")}.");
}
