using System.Globalization;
using Meshara.AppHost.Mesh;
using Meshara.Harness.Nodes;
using Meshara.Harness.Terminal;
using Meshara.Harness.Traffic;

namespace Meshara.AppHost.Traffic;

/// <summary>Shows the status: every second on a terminal, every 2 s in the dashboard, and every 5 s in other output and the log.</summary>
internal sealed class StatusLine(
    IReadOnlyList<RunningNode> nodes, TrafficLedger ledger, StatusConsole console, TrafficDisplay display, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private const int DisplayEvery = 2, PlainEvery = 5;

    /// <summary>Shows the line until <paramref name="stop"/> is cancelled.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var started = time.GetTimestamp();
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            for (var second = 1; await timer.WaitForNextTickAsync(stop); second++)
            {
                var counts = ledger.Count();
                if (second % DisplayEvery == 0)
                    await display.ShowAsync(counts);
                if (!console.IsInteractive && second % PlainEvery != 0)
                    continue;
                var alive = nodes.Where(node => node.IsAlive);
                var health = await Task.WhenAll(alive.Select(node => node.Api.TryGetHealthAsync(stop)));
                int[] peers = [.. health.OfType<NodeHealth>().Select(answer => answer.ConnectedPeers)];
                var line = Format(time.GetElapsedTime(started), counts, peers);
                if (console.IsInteractive)
                    console.SetLive(line);
                else
                    console.WriteLine(line);
                if (second % PlainEvery == 0)
                    display.Log(line);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            console.SetLive(null);
        }
    }

    /// <summary>Formats the status line.</summary>
    /// <param name="elapsed">Time since traffic began.</param>
    /// <param name="counts">The counts so far.</param>
    /// <param name="peers">Connections of each node that answered.</param>
    internal static string Format(TimeSpan elapsed, TrafficCounts counts, IReadOnlyList<int> peers)
    {
        var connected = peers.Count == 0 ? "-"
            : peers.Min() == peers.Max() ? Text(peers.Min())
            : $"{Text(peers.Min())}-{Text(peers.Max())}";
        return $"{elapsed.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture)}  "
            + $"sent {Text(counts.Sent)}  delivered {Text(counts.Delivered)}  "
            + $"failed {Text(counts.Failed)}  p50 {Latency(counts.P50Ms)}  p99 {Latency(counts.P99Ms)}  "
            + $"broadcasts {Text(counts.Broadcasts)} ({Coverage(counts.BroadcastCoverage)})  peers {connected}";
    }

    /// <summary>Formats the line printed at the end.</summary>
    internal static string Summary(TrafficReport report) =>
        $"Done: {Text(report.Sent)} sent, {Text(report.Delivered)} delivered, {Text(report.Failed)} failed in {Text(report.Seconds)} s; "
        + $"p50 {Latency(report.P50Ms)}, p99 {Latency(report.P99Ms)}; "
        + $"{Text(report.Broadcasts)} broadcasts, coverage {Coverage(report.BroadcastCoverage)}.";

    private static string Latency(double? milliseconds) =>
        milliseconds is { } ms ? $"{ms.ToString("0.0", CultureInfo.InvariantCulture)} ms" : "-";

    // Rounded down, so that 100 % means every recipient.
    private static string Coverage(double? share) => share is { } value ? $"{Text(Math.Floor(value * 1000) / 10)} %" : "-";

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
