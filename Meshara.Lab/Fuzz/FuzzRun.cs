using System.Diagnostics;
using System.Text.Json;
using Meshara.Harness;
using Meshara.Harness.Processes;

namespace Meshara.Lab.Fuzz;

/// <summary>The command <c>fuzz</c>: one process a target, one after the other.</summary>
/// <param name="options">The options.</param>
/// <param name="writeLine">Shows the result of each target.</param>
internal sealed class FuzzRun(FuzzOptions options, Action<string> writeLine)
{
    // An input that takes so long is taken to hang for ever.
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    /// <summary>Runs all targets, and writes the report.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var report = await MeasureAsync(stop);
        if (options.Report is { } file)
            EndpointsFile.WriteAtomically(file, report.ToJson());
        return report.Passed ? ExitCodes.Success : ExitCodes.Failure;
    }

    /// <summary>Runs all targets.</summary>
    public async Task<FuzzReport> MeasureAsync(CancellationToken stop)
    {
        var folder = Directory.CreateTempSubdirectory("meshara-fuzz-").FullName;
        try
        {
            InstrumentedNode.Instrument(folder);
            var reports = new List<TargetReport>();
            foreach (var target in options.Targets)
            {
                reports.Add(options.Afl ? await AflRun.RunAsync(target, options, folder, stop) : await RunAsync(target, folder, stop));
                Show(reports[^1]);
            }
            return new FuzzReport { Seed = options.Seed, Targets = reports };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Show(TargetReport report)
    {
        writeLine(report.Summary());
        foreach (var finding in report.Crashes.Concat(report.Hangs))
            writeLine($"  {finding.What}\n  input: {finding.Input}");
    }

    /// <summary>A process of the lab with these arguments.</summary>
    public static ProcessStartInfo Lab(params IEnumerable<string> arguments) => new(
        Path.Combine(Locations.DotnetRoot(), OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"),
        ["exec", typeof(FuzzRun).Assembly.Location, .. arguments]);

    private async Task<TargetReport> RunAsync(string target, string folder, CancellationToken stop)
    {
        var path = Path.Combine(folder, FuzzWorker.CurrentFile);
        File.Delete(path);
        using var current = new CurrentInput(path);
        TargetReport? report = null;
        var started = Stopwatch.GetTimestamp();
        await using var worker = ChildProcess.Start(
            target, Lab(FuzzWorker.CommandName, target, folder, JsonSerializer.Serialize(options)),
            new ChildLog(Path.Combine(folder, $"{target}.log")),
            (line, _) =>
            {
                if (line.StartsWith(FuzzWorker.Mark, StringComparison.Ordinal))
                    report = JsonSerializer.Deserialize<TargetReport>(line[FuzzWorker.Mark.Length..]);
            });
        var isStuck = await WatchAsync(worker, current, stop);
        if (report is not null)
            return report;
        var exitCode = await worker.Exited;
        var what = isStuck
            ? $"more than {Hang.TotalSeconds:0} s"
            : $"the process ended with exit code {exitCode}: {string.Join('\n', worker.Log.Tail)}";
        var finding = new Finding(what, Convert.ToBase64String(current.Input));
        return new TargetReport
        {
            Target = target, Engine = "in-process", Seconds = Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 1),
            Executions = current.Executions, Edges = 0, Corpus = 0, Crashes = isStuck ? [] : [finding], Hangs = isStuck ? [finding] : [],
            HeapGrowthBytes = 0, WorkingSetGrowthBytes = 0, LargestAllocationBytes = 0,
        };
    }

    /// <summary>Waits for the end of the worker; true if it had to be killed because one input would not end.</summary>
    private static async Task<bool> WatchAsync(ChildProcess worker, CurrentInput current, CancellationToken stop)
    {
        while (!worker.Exited.IsCompleted)
        {
            var before = current.Executions;
            await ((Task)worker.Exited).WaitAsync(Hang, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.ThrowIfCancellationRequested();
            if (worker.Exited.IsCompleted || current.Executions != before)
                continue;
            worker.Kill();
            await worker.Exited;
            return true;
        }
        return false;
    }
}
