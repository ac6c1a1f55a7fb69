using System.Security.Cryptography;
using Meshara.AppHost.Mesh;
using Meshara.AppHost.Plan;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Meshara.Harness.Traffic;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost.Traffic;

/// <summary>Sends traffic once every node is ready, until <c>--for</c> elapses or the host stops, then reports the counts.</summary>
internal sealed class TrafficService(
    MeshStart mesh, MeshPlan plan, TrafficControl control, TrafficTelemetry telemetry, TrafficDisplay display, StatusConsole console,
    RunOutcome outcome, IHostApplicationLifetime lifetime) : BackgroundService, IStackService
{
    private const int MaxRehearsals = 20;
    private static readonly TimeSpan SettleDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan InterruptedSettleDeadline = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan RehearsalDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan WarmRound = TimeSpan.FromMilliseconds(25);

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly TrafficLedger _ledger = NewLedger();
    private readonly TrafficLedger[] _rehearsals = [.. Enumerable.Range(0, MaxRehearsals).Select(_ => NewLedger())];

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var nodes = await mesh.Ready.WaitAsync(stoppingToken);
            await RunAsync(nodes, stoppingToken);
            lifetime.StopApplication();
        }
        catch (StackException exception)
        {
            console.WriteLine(exception.Message);
            outcome.Fail(exception.ExitCode);
            lifetime.StopApplication();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped before any traffic was sent, so there is nothing to report.
        }
    }

    private async Task RunAsync(IReadOnlyList<RunningNode> nodes, CancellationToken stop)
    {
        // A separate token: the inboxes have to be watched until the last messages have settled, after the host was asked to stop.
        using var watching = new CancellationTokenSource();
        var watchers = nodes.Select(node => new InboxWatcher(node, [.. _rehearsals, _ledger], _time)).ToList();
        var watches = watchers.Select(watcher => watcher.RunAsync(watching.Token, stop)).ToList();
        try
        {
            await WaitUntilWatchedAsync(watchers, stop);
            if (plan.Options.Traffic > 0 && nodes.Count > 1)
                await RehearseAsync(nodes, stop);
            telemetry.Measure(_ledger);
            var started = _time.GetTimestamp();
            await SendAsync(nodes, stop);
            await CountAsync(nodes.Count, _time.GetElapsedTime(started), stop);
        }
        finally
        {
            await watching.CancelAsync();
            await Task.WhenAll(watches);
        }
    }

    private async Task WaitUntilWatchedAsync(IReadOnlyList<InboxWatcher> watchers, CancellationToken stop)
    {
        try
        {
            await Task.WhenAll(watchers.Select(watcher => watcher.Opened)).WaitAsync(SettleDeadline, _time, stop);
        }
        catch (TimeoutException)
        {
            var closed = watchers.First(watcher => !watcher.Opened.IsCompleted);
            throw new StackException($"The inbox of {closed.Node.Name} cannot be watched: {closed.LastError ?? "no answer"}.");
        }
    }

    // The first messages of a process are hundreds of times slower than later ones, because of JIT compilation and because the stack is
    // still starting. These warm-up messages absorb that cost and are not counted, so that the report describes a warm mesh.
    private async Task RehearseAsync(IReadOnlyList<RunningNode> nodes, CancellationToken stop)
    {
        var began = _time.GetTimestamp();
        foreach (var rehearsal in _rehearsals)
        {
            var started = _time.GetTimestamp();
            await Task.WhenAll(nodes.Zip(nodes.Skip(1).Append(nodes[0]), async (sender, recipient) =>
            {
                var entry = rehearsal.Send(recipient.Index);
                var answer = await sender.Api.SendAsync(recipient.Address, entry.Text, stop);
                rehearsal.Answered(entry, answer.Acceptance);
            }));
            rehearsal.Close();
            await rehearsal.Settled.WaitAsync(RehearsalDeadline, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.ThrowIfCancellationRequested();
            if (rehearsal.CountFinally() is { Failed: > 0 } counts)
                console.WriteLine($"{counts.Failed} of {counts.Sent} warm-up messages have not arrived; starting traffic anyway.");
            if (_time.GetElapsedTime(started) < WarmRound || _time.GetElapsedTime(began) > RehearsalDeadline)
                break;
        }
    }

    private async Task SendAsync(IReadOnlyList<RunningNode> nodes, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        if (plan.Options.For is { } duration)
            over.CancelAfter(duration);
        if (plan.Options.Traffic > 0 && nodes.Count == 1)
            console.WriteLine("No traffic: a single node has no peer to send to.");
        var status = new StatusLine(nodes, _ledger, console, display, _time).RunAsync(over.Token);
        while (!over.IsCancellationRequested)
        {
            var (perSecond, changed) = control.Current;
            using var segment = CancellationTokenSource.CreateLinkedTokenSource(over.Token, changed);
            if (perSecond > 0 && nodes.Count > 1)
                await new TrafficGenerator(nodes, _ledger, Random.Shared, _time).RunAsync(perSecond, segment.Token, stop);
            else
                await Task.Delay(Timeout.InfiniteTimeSpan, segment.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await status;
    }

    private async Task CountAsync(int nodes, TimeSpan duration, CancellationToken stop)
    {
        _ledger.Close();
        var deadline = stop.IsCancellationRequested ? InterruptedSettleDeadline : SettleDeadline;
        await _ledger.Settled.WaitAsync(deadline, _time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var report = TrafficReport.Of(nodes, _ledger.CountFinally(), duration);
        await display.ShowAsync(_ledger.CountFinally());
        if (plan.Options.Report is { } file)
            EndpointsFile.WriteAtomically(file, report.ToJson());
        console.WriteLine(StatusLine.Summary(report));
        if (report.Failed > 0)
            outcome.Fail(ExitCodes.Failure);
    }

    private static TrafficLedger NewLedger() => new(RandomNumberGenerator.GetHexString(12, lowercase: true), TimeProvider.System);
}
