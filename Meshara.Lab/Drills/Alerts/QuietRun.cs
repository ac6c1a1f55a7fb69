using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Meshara.Lab.Drills.Faults;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>The drill without a fault: healthy traffic under the accelerated rules, during which only Watchdog may fire.</summary>
internal sealed class QuietRun(TimeSpan duration, StackFiles files, FaultLog log, StatusConsole console, TimeProvider time)
{
    private const long VolumeBytes = 16L * 1024 * 1024 * 1024;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Runs the drill.</summary>
    /// <returns>True if nothing else fired.</returns>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        var stage = new AlertStage("quiet", Nodes: 5, Rate: 20, [], []);
        await using var bench = await AlertBench.CreateAsync(stage, files, log, console, time, stop);
        await MountAsync(bench, stop);
        await bench.StartAsync(stage.Rate, stop);
        await using var broadcasts = new Flow(0.5, _ => bench.Mesh.Any().Api.BroadcastAsync("quiet", CancellationToken.None), time);
        log.Tell($"{stage.Nodes} nodes are watched; nothing is done to them for {duration.TotalMinutes:0.#} minutes");

        var started = time.GetTimestamp();
        while (duration - time.GetElapsedTime(started) is var left && left > TimeSpan.Zero)
        {
            await Task.Delay(left < Interval ? left : Interval, time, stop);
            var acknowledged = await bench.CountAsync("sum(meshara_messages_completed_total{outcome=\"acknowledged\"})", stop);
            log.Tell(string.Create(CultureInfo.InvariantCulture, $"{time.GetElapsedTime(started).TotalMinutes:0.0} min: {acknowledged:0} messages acknowledged"));
        }

        var seconds = (int)Math.Ceiling(time.GetElapsedTime(started).TotalSeconds);
        var fired = await bench.Monitoring.Prometheus.QueryAsync($"max_over_time(ALERTS{{alertstate=\"firing\", alertname!=\"Watchdog\"}}[{seconds}s])", stop);
        foreach (var (labels, _) in fired)
            log.Tell($"FIRED  {labels}");
        var told = bench.Monitoring.Notifications.All.Where(note => note.IsFiring).ToList();
        foreach (var note in told)
            log.Tell($"TOLD  {note.Channel}: {note.Alert}");
        var watchdog = await bench.CountAsync("count(ALERTS{alertname=\"Watchdog\", alertstate=\"firing\"})", stop);
        console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{fired.Count} alerts fired and {told.Count} notifications were sent in {duration.TotalMinutes:0.#} minutes of healthy traffic; Watchdog {(watchdog > 0 ? "fires" : "is MISSING")}"));
        return fired.Count == 0 && told.Count == 0 && watchdog > 0;
    }

    // Puts the data on a tmpfs, so that other programs' writes to the disk are not a trend. It uses only as much memory as it holds.
    private static async Task MountAsync(AlertBench bench, CancellationToken stop)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            return;
        foreach (var node in bench.Mesh.Nodes)
            node.Launch = node.Launch with { Within = bench.Own(await SmallVolume.MountAsync(node.Folder, VolumeBytes, stop)).Within };
    }
}
