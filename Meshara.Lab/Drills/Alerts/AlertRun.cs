using System.Collections.Concurrent;
using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Processes;
using Meshara.Harness.Terminal;
using Meshara.Lab.Drills.Alerts.Faults;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>The command <c>drill alert</c>: runs the selected drills on their stages, several stages in parallel.</summary>
internal sealed class AlertRun(AlertOptions options, StatusConsole console, StopRequests stops, TimeProvider time)
{
    // As many as a machine can run in parallel without delaying its own notifications.
    private static readonly int StagesAtOnce = Math.Max(3, Environment.ProcessorCount);

    private readonly FaultLog _log = new(console, stops, time);
    private readonly ConcurrentBag<AlertResult> _results = [];
    private volatile bool _isStageBroken;

    /// <summary>Runs the drills.</summary>
    /// <returns>An exit code.</returns>
    /// <exception cref="StackException">They cannot be run.</exception>
    public async Task<int> RunAsync()
    {
        var folder = NewFolder();
        var passed = false;
        try
        {
            var started = time.GetTimestamp();
            if (options.Alerts is [AlertOptions.None])
                return (passed = await new QuietRun(options.For, new StackFiles(folder), _log, console, time).RunAsync(stops.Stop)) ? ExitCodes.Success : ExitCodes.Failure;
            var stages = AlertCatalogue.Stages.Select(stage => stage.Only(IsRun)).Where(stage => stage.Drills.Any()).ToList();
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = StagesAtOnce, CancellationToken = stops.Stop };
            await Parallel.ForEachAsync(stages, parallel, async (stage, _) => await RunAsync(stage, new StackFiles(Path.Combine(folder, stage.Name))));
            var report = new AlertReport(TimeLapse.Factor, Math.Round(time.GetElapsedTime(started).TotalSeconds, 1),
                [.. _results.Concat(AlertCatalogue.Drills.Where(drill => IsChosen(drill) && !IsRun(drill)).Select(Skip)).OrderBy(result => result.Alert, StringComparer.Ordinal)]);
            Publish(report);
            passed = report.Passed && !_isStageBroken;
            return !passed ? ExitCodes.Failure : report.Drills.Any(drill => drill.Skipped is not null) ? LabExitCodes.NotPossibleHere : ExitCodes.Success;
        }
        catch (OperationCanceledException) when (stops.Stop.IsCancellationRequested)
        {
            return ExitCodes.Killed;
        }
        finally
        {
            if (passed && options.Data is null)
                Directory.Delete(folder, recursive: true);
            else
                console.WriteLine($"The logs and everything else are in {folder}");
        }
    }

    private bool IsChosen(AlertDrill drill) => options.Alerts is [AlertOptions.All] || options.Alerts.Contains(drill.Alert);

    private bool IsRun(AlertDrill drill) => IsChosen(drill) && Obstacle(drill) is null;

    private static string? Obstacle(AlertDrill drill) => drill.Needs switch
    {
        DrillNeeds.Linux when !OperatingSystem.IsLinux() => "it needs Linux",
        DrillNeeds.Root when !OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess => "it needs Linux and root: it mounts a small volume",
        DrillNeeds.ControlGroup when !ControlGroup.IsAvailable => ControlGroup.Missing,
        DrillNeeds.FakeClock when !FakeClock.IsInstalled => FakeClock.Missing,
        _ => null,
    };

    private static AlertResult Skip(AlertDrill drill) => new() { Alert = drill.Alert, Fault = drill.Fault, Skipped = Obstacle(drill), Failures = [] };

    private async Task RunAsync(AlertStage stage, StackFiles files)
    {
        try
        {
            await using var bench = await AlertBench.CreateAsync(stage, files, _log, console, time, stops.Stop);
            foreach (var drill in stage.Drills.Where(drill => drill.PrepareAsync is not null))
                await drill.PrepareAsync!(bench, stops.Stop);
            await bench.StartAsync(stage.Rate, stops.Stop);
            var rules = await bench.Monitoring.Prometheus.RulesAsync(stops.Stop);
            _log.Tell($"{stage.Name}: {stage.Nodes} nodes are watched");
            await Task.WhenAll(stage.Lanes.Select(lane => RunAsync(lane, rules, bench)));
            await RunAsync(stage.Finale, rules, bench);
        }
        catch (Exception exception) when (exception is StackException or HttpRequestException)
        {
            _log.Tell($"{stage.Name}: FAILED  {exception.Message}");
            _isStageBroken = true; // also if all its drills have passed and only disposal failed
            // Drills that have not run fail with the stage.
            var done = _results.Select(result => result.Alert).ToHashSet();
            foreach (var drill in stage.Drills.Where(drill => !done.Contains(drill.Alert)))
                _results.Add(new AlertResult { Alert = drill.Alert, Fault = drill.Fault, Failures = [$"the mesh for it: {exception.Message}"] });
        }
    }

    private async Task RunAsync(IReadOnlyList<AlertDrill> drills, IReadOnlyDictionary<string, AlertRule> rules, AlertBench bench)
    {
        foreach (var drill in drills)
            _results.Add(await new AlertExercise(drill, rules[drill.Alert], bench, _log, options.Within).RunAsync(stops.Stop));
    }

    private string NewFolder() => options.Data is { } data
        ? Directory.CreateDirectory(Path.Combine(Path.GetFullPath(data), string.Create(CultureInfo.InvariantCulture, $"alerts-{time.GetUtcNow():yyyyMMdd-HHmmss}-{Environment.ProcessId}"))).FullName
        : Directory.CreateTempSubdirectory("meshara-drill-").FullName;

    private void Publish(AlertReport report)
    {
        if (options.Report is { } file)
            EndpointsFile.WriteAtomically(file, report.ToJson());
        foreach (var result in report.Drills)
        {
            console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{(result.Passed ? "passed " : result.Skipped is null ? "FAILED " : "skipped")}  {result.Alert,-34} {result.Receiver,-6} told after {result.NotifiedAfterSeconds,5:0.0} s of {result.AllowedSeconds,5:0.0} s, resolved after {result.ResolvedAfterSeconds,5:0.0} s{string.Concat(result.Failures.Select(failure => "; " + failure))}{result.Skipped}"));
        }

        console.WriteLine(report.Summary());
    }
}
