using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Servers;
using Meshara.Harness;
using Meshara.Harness.Network;
using Meshara.Harness.Terminal;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost.Mesh;

/// <summary>
/// Follows the orchestrator's notifications about nodes and programs: opens a node's proxy while the node runs, and reports each
/// process that ends without having been asked to.
/// </summary>
internal sealed class MeshObserver(
    ResourceNotificationService notifications, NodeProcesses processes, FaultyNetwork network, StatusConsole console, RunOutcome outcome,
    IHostApplicationLifetime lifetime)
    : BackgroundService, IStackService
{
    // The exit code that the orchestrator reports for a process killed by a signal.
    private const int EndedBySignal = -1;

    // The orchestrator reports an exit within a second, unless it has exited itself.
    private static readonly TimeSpan Notice = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, bool> _asked = new();
    private readonly ConcurrentDictionary<string, string?> _programs = new();
    private readonly ConcurrentBag<Task> _watches = [];

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var change in notifications.WatchAsync(stoppingToken))
            {
                if (change.Resource is IMeshNodeResource node)
                    ObserveNode(node, change.Snapshot, stoppingToken);
                else if (change.Resource is ServerProgram)
                    ObserveProgram(change.Resource.Name, change.Snapshot);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host is stopping.
        }

        await Task.WhenAll(_watches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void ObserveNode(IMeshNodeResource node, CustomResourceSnapshot snapshot, CancellationToken stop)
    {
        var state = snapshot.State?.Text;
        NoteRequest(node.Name, state);
        if (state == KnownResourceStates.Running && ProcessIn(snapshot) is { } process
            && processes.Enter(node.Name, node.Node.Index, process))
        {
            _asked.TryRemove(node.Name, out _);
            _watches.Add(network.OpenAsync(node.Node.Index, stop));
            _watches.Add(WatchAsync(node, process, stop));
        }
        else if (KnownResourceStates.TerminalStates.Contains(state) && processes.Of(node.Name) is { } known)
        {
            NodeEnded(node, known, snapshot.ExitCode);
        }
    }

    // If the orchestrator dies, its nodes die with it and no notification arrives.
    private async Task WatchAsync(IMeshNodeResource node, int id, CancellationToken stop)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            await process.WaitForExitAsync(stop);
        }
        catch (ArgumentException)
        {
            // It has ended already.
        }

        await Task.Delay(Notice, stop);
        NodeEnded(node, id, exitCode: null);
    }

    private void NodeEnded(IMeshNodeResource node, int process, int? exitCode)
    {
        if (!processes.Leave(node.Name, process))
            return;
        network.Close(node.Node.Index);
        if (!TellEnd(node.Name, exitCode))
            return;
        outcome.Fail(ExitCodes.Failure);
        if (!processes.AreAllGone)
            return;
        console.WriteLine("No node is left; stopping.");
        lifetime.StopApplication();
    }

    private void ObserveProgram(string name, CustomResourceSnapshot snapshot)
    {
        var state = snapshot.State?.Text;
        NoteRequest(name, state);
        var before = _programs.GetValueOrDefault(name);
        _programs[name] = state;
        if (state == KnownResourceStates.Running)
            _asked.TryRemove(name, out _);
        else if (before is not null && !KnownResourceStates.TerminalStates.Contains(before) && KnownResourceStates.TerminalStates.Contains(state))
            TellEnd(name, snapshot.ExitCode);
    }

    private void NoteRequest(string name, string? state)
    {
        if (state == KnownResourceStates.Stopping)
            _asked[name] = true;
    }

    // Returns false if the process was asked to stop.
    private bool TellEnd(string name, int? exitCode)
    {
        if (_asked.TryRemove(name, out _) || lifetime.ApplicationStopping.IsCancellationRequested)
            return false;
        console.WriteLine(exitCode is { } code and not EndedBySignal
            ? string.Create(CultureInfo.InvariantCulture, $"{name}  ended unexpectedly with exit code {code}.")
            : $"{name}  ended unexpectedly: it was killed.");
        return true;
    }

    private static int? ProcessIn(CustomResourceSnapshot snapshot) =>
        snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value is { } value
            ? Convert.ToInt32(value, CultureInfo.InvariantCulture)
            : null;
}
