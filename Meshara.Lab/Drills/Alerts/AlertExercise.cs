
using Meshara.Harness;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>
/// Runs the drill of one alert: waits for quiet, begins the fault, follows the alert to its receiver and back, and compares.
/// </summary>
internal sealed class AlertExercise(AlertDrill drill, AlertRule rule, AlertBench bench, FaultLog log, TimeSpan within)
{
    // Keep waiting for a late notification, so that the report can say how late it was.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    // A repeated notification would come at the group's next interval.
    private static readonly TimeSpan Repetition = TimeLapse.Shorten(TimeSpan.FromMinutes(5)) + TimeSpan.FromSeconds(1);

    private readonly List<string> _failures = [];
    private DateTimeOffset _brokenAt;

    private TimeSpan Allowed => rule.For + within;

    private IEnumerable<Notification> Told => bench.Monitoring.Notifications.All.Where(note => note.Alert == drill.Alert && note.At >= _brokenAt);

    /// <summary>Runs the drill.</summary>
    public async Task<AlertResult> RunAsync(CancellationToken stop)
    {
        TimeSpan? toldAfter = null, resolvedAfter = null;
        IReadOnlyList<Labels> fired = [];
        try
        {
            if (drill.BeforeAsync is { } before)
                await before(bench, stop);
            await bench.UntilAsync(() => IsQuietAsync(stop), $"{drill.Alert} does not fire before its drill", stop);
            log.Tell($"{drill.Alert}: {drill.Fault}");
            _brokenAt = bench.Time.GetUtcNow();
            await using (await drill.BreakAsync(bench, stop))
            {
                toldAfter = await UntilToldAsync(stop) - _brokenAt;
                if (toldAfter > Allowed)
                    _failures.Add($"told after {toldAfter.Value.TotalSeconds:0.0} s, allowed are {Allowed.TotalSeconds:0.0} s");
                log.Tell($"{drill.Alert}: told after {toldAfter.Value.TotalSeconds:0.0} s");
                fired = await CompareLabelsAsync(stop);
                await WatchAsync(stop);
            }

            var healedAt = bench.Time.GetUtcNow();
            resolvedAfter = await UntilResolvedAsync(stop) - healedAt;
            log.Tell($"{drill.Alert}: resolved after {resolvedAfter.Value.TotalSeconds:0.0} s");
            CompareNotifications();
            if (drill.AfterAsync is { } after)
                await after(bench, stop);
        }
        catch (Exception exception) when (exception is StackException or HttpRequestException || (exception is TaskCanceledException && !stop.IsCancellationRequested))
        {
            _failures.Add(exception.Message);
        }

        foreach (var failure in _failures)
            log.Tell($"{drill.Alert}: FAILED  {failure}");
        return new AlertResult
        {
            Alert = drill.Alert,
            Fault = drill.Fault,
            Receiver = rule.Channel.ToString(),
            NotifiedAfterSeconds = Seconds(toldAfter),
            AllowedSeconds = Seconds(Allowed),
            ResolvedAfterSeconds = Seconds(resolvedAfter),
            Labels = [.. fired.Select(labels => labels.ToString())],
            Notifications = Told.Count(),
            Inhibited = [.. drill.Quiet.Select(labels => labels.ToString())],
            Failures = _failures,
        };
    }

    private async Task<bool> IsQuietAsync(CancellationToken stop) =>
        (await bench.Monitoring.Alertmanager.AlertsAsync(drill.Alert, stop)).Count == 0
        && (rule.Channel == Channel.Nobody || (await bench.Monitoring.Prometheus.AlertsAsync(stop)).All(alert => alert.Labels.Alert != drill.Alert));

    private async Task<DateTimeOffset> UntilToldAsync(CancellationToken stop)
    {
        if (rule.Channel == Channel.Nobody)
        {
            await bench.UntilAsync(async () => (await bench.Monitoring.Alertmanager.AlertsAsync(drill.Alert, stop)).Any(), $"Alertmanager knows {drill.Alert}", stop);
            return bench.Time.GetUtcNow();
        }

        var note = await bench.Monitoring.Notifications.FindAsync(
            note => note.Alert == drill.Alert && note.IsFiring && note.Channel == rule.Channel && note.At >= _brokenAt, Allowed + Patience, stop);
        return note?.At ?? throw new StackException($"nobody was told by {rule.Channel} within {(Allowed + Patience).TotalSeconds:0} s; {await DescribeAsync(stop)}");
    }

    private async Task<IReadOnlyList<Labels>> CompareLabelsAsync(CancellationToken stop)
    {
        Labels[] expected = [.. drill.Expected(bench).Select(labels => labels.With(("alertname", drill.Alert), ("severity", rule.Severity)))];
        IReadOnlyList<ActiveAlert> alerts = [];
        try
        {
            // Nodes are scraped at different moments, so one may be a second behind the others.
            await bench.UntilAsync(async () =>
            {
                alerts = await bench.Monitoring.Alertmanager.AlertsAsync(drill.Alert, stop);
                return alerts.Select(alert => alert.Labels).ToHashSet().SetEquals(expected);
            }, "labels", stop);
        }
        catch (StackException)
        {
            _failures.Add($"fired: {Join(alerts.Select(alert => alert.Labels))}; expected: {Join(expected)}");
        }

        string[] receivers = [.. alerts.SelectMany(alert => alert.Receivers).Distinct().Order(StringComparer.Ordinal)];
        if (rule.Channel == Channel.Nobody && receivers is not ["dead-mans-switch"])
            _failures.Add($"goes to {string.Join(", ", receivers)} and should go to the dead man's switch alone");
        return [.. alerts.Select(alert => alert.Labels)];
    }

    // After the notification, nobody may be notified again, or about alerts that follow from the fault.
    private async Task WatchAsync(CancellationToken stop)
    {
        foreach (var quiet in drill.Quiet)
        {
            await bench.UntilAsync(async () => (await bench.Monitoring.Alertmanager.AlertsAsync(quiet.Alert, stop)).Any(alert => alert.IsSuppressed && alert.Labels.Contain(quiet)),
                $"{quiet} fires and is inhibited", stop);
        }

        await Task.Delay(Repetition, bench.Time, stop);
        foreach (var quiet in drill.Quiet)
        {
            if (bench.Monitoring.Notifications.All.Any(note => note.At >= _brokenAt && note.IsFiring && Mentions(note, quiet)))
                _failures.Add($"somebody was told of {quiet}, which is inhibited");
        }

        if (drill.ThenAsync is { } then)
            await then(bench, stop);
    }

    private async Task<DateTimeOffset> UntilResolvedAsync(CancellationToken stop)
    {
        await bench.UntilAsync(async () =>
        {
            if ((await bench.Monitoring.Alertmanager.AlertsAsync(drill.Alert, stop)).Any(alert => drill.Expected(bench).Any(alert.Labels.Contain)))
                return false;
            // The last notification counts: the alert may have been resolved and fired again before the fault was undone.
            return rule.Channel == Channel.Nobody || Told.LastOrDefault(note => note.Channel == rule.Channel) is { IsFiring: false };
        }, $"{drill.Alert} is over, and somebody was told", stop);
        return rule.Channel == Channel.Nobody ? bench.Time.GetUtcNow() : Told.Last(note => note.Channel == rule.Channel).At;
    }

    private void CompareNotifications()
    {
        var told = Told.ToList();
        foreach (var stray in told.Where(note => note.Channel != rule.Channel && !drill.AlsoTells.Contains(note.Channel)).Select(note => note.Channel).Distinct())
            _failures.Add($"told by {stray} as well, which is not for {rule.Severity} alerts");
        var mine = told.Where(note => note.Channel == rule.Channel).ToList();
        if (mine.Select(note => note.Group).Distinct().Count() > 1)
            _failures.Add($"told as {mine.Select(note => note.Group).Distinct().Count()} different matters");
        foreach (var (first, second) in mine.Zip(mine.Skip(1)).Where(pair => pair.First.IsFiring && pair.Second.IsFiring && pair.First.Firing == pair.Second.Firing))
            _failures.Add($"told twice of the same: {first.Firing}, {(second.At - first.At).TotalSeconds:0.0} s apart");
        foreach (var link in (string[])[$"/docs/runbooks/{drill.Alert}.md", "/d/meshara-"])
        {
            if (mine.Where(note => note.IsFiring).Any(note => !note.Text.Contains(link, StringComparison.Ordinal)))
                _failures.Add($"a notification has no link to {link}");
        }
    }

    private async Task<string> DescribeAsync(CancellationToken stop)
    {
        var alerts = await bench.Monitoring.Prometheus.AlertsAsync(stop);
        var known = alerts.Where(alert => alert.Labels.Alert == drill.Alert)
            .Select(alert => $"{alert.Labels} is {(alert.IsFiring ? "firing" : "pending")}").DefaultIfEmpty("Prometheus has it neither pending nor firing");
        var held = (await bench.Monitoring.Alertmanager.AlertsAsync(drill.Alert, stop)).Select(alert => $"Alertmanager has {alert.Labels}{(alert.IsSuppressed ? ", inhibited" : "")}");
        // An alert that keeps the expected one from firing explains the failure.
        var others = alerts.Where(alert => alert.IsFiring).Select(alert => alert.Labels.Alert).Distinct().Except([drill.Alert, "Watchdog"]);
        return string.Join("; ", [.. known, .. held, $"what else fires: {string.Join(", ", others.DefaultIfEmpty("nothing"))}"]);
    }

    private static bool Mentions(Notification note, Labels labels) =>
        note.Alert == labels.Alert && note.Firing.Split('\n').Any(line => labels.ToString().Split(' ').All(line.Split(' ').Contains));

    private static string Join(IEnumerable<Labels> labels) => string.Join(" | ", labels.Select(set => set.ToString()).Order(StringComparer.Ordinal).DefaultIfEmpty("nothing"));

    private static double? Seconds(TimeSpan? duration) => duration is { } value ? Math.Round(value.TotalSeconds, 1) : null;
}
