using System.Globalization;
using System.Threading.Channels;
using Meshara.Harness;
using Meshara.Harness.Terminal;

namespace Meshara.AppHost.Mesh;

/// <summary>
/// The progress of a mesh's start. A starting node warns about peers that are not up yet; until all nodes are ready, such
/// warnings are counted instead of shown.
/// </summary>
internal sealed class StartProgress(int nodes, StackFiles files, StatusConsole console, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Number of nodes that start at the same time. More than the cores can carry would delay all of them: handshakes time
    /// out and are retried.
    /// </summary>
    public static readonly int AtOnce = Math.Max(8, 4 * Environment.ProcessorCount);

    // One entry for each node that became ready and whose turn has not been taken yet.
    private readonly Channel<bool> _turns = Channel.CreateUnbounded<bool>();

    private int _ready;
    private int _warnings;

    /// <summary>True until every node is ready.</summary>
    public bool IsStarting => Volatile.Read(ref _ready) < nodes;

    /// <summary>
    /// Waits until a node may start. The first nodes, which others join through, start at once; each later one starts when
    /// another becomes ready.
    /// </summary>
    /// <param name="index">The node's number, from 1.</param>
    /// <param name="stop">Cancelled when the host stops.</param>
    public Task EnterAsync(int index, CancellationToken stop) => index <= AtOnce || !IsStarting ? Task.CompletedTask : _turns.Reader.ReadAsync(stop).AsTask();

    /// <summary>Records that one more node is ready.</summary>
    public void AddReady()
    {
        Interlocked.Increment(ref _ready);
        _turns.Writer.TryWrite(true);
    }

    /// <summary>Counts a node's warning while the mesh is starting.</summary>
    /// <returns>False if the mesh has started, so that the warning should be shown.</returns>
    public bool TryGather()
    {
        if (!IsStarting)
            return false;
        Interlocked.Increment(ref _warnings);
        return true;
    }

    /// <summary>Reports progress at intervals until the mesh has started or <paramref name="stop"/> is cancelled.</summary>
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
