using System.Globalization;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Drills;

/// <summary>Shows the progress of a drill, every second on a terminal and every five seconds elsewhere.</summary>
internal sealed class DrillStatus(DrillMesh mesh, DrillLedger ledger, StatusConsole console, TimeProvider time)
{
    private static readonly TimeSpan LiveInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    /// <summary>Shows the progress until <paramref name="stop"/> is cancelled.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var started = time.GetTimestamp();
        using var timer = new PeriodicTimer(console.IsInteractive ? LiveInterval : PlainInterval, time);
        while (await timer.WaitForNextTickAsync(stop))
        {
            var line = Format(time.GetElapsedTime(started), ledger.Count(), [.. mesh.Nodes.Where(node => !node.IsUp)]);
            if (console.IsInteractive)
                console.SetLive(line);
            else
                console.WriteLine(line);
        }
    }

    private static string Format(TimeSpan elapsed, LedgerCounts counts, IReadOnlyCollection<DrillNode> down) => string.Create(CultureInfo.InvariantCulture,
        $@"{elapsed:hh\:mm\:ss}  sent {counts.Sent}  accepted {counts.Accepted}  arrived {counts.Sighted}  waiting {counts.Waiting}  refused {counts.Refused}  "
        + $"unknown {counts.Unknown}{(down.Count > 0 ? $"  down: {DrillMesh.Names(down)}" : "")}");
}
