using System.Diagnostics;
using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Processes;

namespace Meshara.Lab.Fuzz;

/// <summary>
/// AFL++ as the engine: <c>afl-fuzz</c> makes the inputs and reads the same map of edges, and this program takes them from it one by one
/// (SharpFuzz's fork server).
/// </summary>
internal static class AflRun
{
    /// <summary>The program's name.</summary>
    public const string Program = "afl-fuzz";

    // The assemblies are instrumented, dotnet itself is not; and this is not a machine of AFL's own.
    private static readonly string[] Settings =
        ["AFL_SKIP_BIN_CHECK", "AFL_NO_UI", "AFL_SKIP_CPUFREQ", "AFL_NO_AFFINITY", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES"];

    private static readonly TimeSpan Startup = TimeSpan.FromMinutes(2);

    /// <summary>Runs one target.</summary>
    /// <exception cref="StackException">AFL++ is not installed, or did not start.</exception>
    public static async Task<TargetReport> RunAsync(string target, FuzzOptions options, string folder, CancellationToken stop)
    {
        var program = ToolPath.Find(Environment.GetEnvironmentVariable("PATH"), Program)
            ?? throw new StackException($"{Program} is not on PATH: install AFL++ (Debian: afl++), or leave out --engine.", ExitCodes.Failure);
        var (input, output) = (Path.Combine(folder, target, "in"), Path.Combine(folder, target, "out"));
        WriteSeeds(target, options, input);
        var lab = FuzzRun.Lab(FuzzWorker.AflCommandName, target, folder);
        var start = new ProcessStartInfo(program,
        [
            "-i", input, "-o", output, "-m", "none", "-t", "10000", "-s", options.Seed.ToString(CultureInfo.InvariantCulture),
            "-V", ((int)options.For.TotalSeconds).ToString(CultureInfo.InvariantCulture), "--", lab.FileName, .. lab.ArgumentList,
        ]);
        foreach (var name in Settings)
            start.Environment[name] = "1";
        await using var afl = ChildProcess.Start(Program, start, new ChildLog(Path.Combine(folder, $"{target}.log")), (_, _) => { });
        try
        {
            await afl.Exited.WaitAsync(options.For + Startup, stop);
        }
        catch (TimeoutException)
        {
            afl.Kill();
        }
        var statistics = Path.Combine(output, "default", "fuzzer_stats");
        return File.Exists(statistics)
            ? Read(target, output, File.ReadLines(statistics))
            : throw new StackException($"{Program} did not run: {string.Join('\n', afl.Log.Tail)}", ExitCodes.Failure);
    }

    private static void WriteSeeds(string target, FuzzOptions options, string input)
    {
        Directory.CreateDirectory(input);
        var opened = FuzzTargets.Open(target);
        opened.Dispose();
        // AFL++ takes no empty input.
        foreach (var (seed, i) in opened.Seeds.Where(seed => seed.Length > 0).Select((seed, i) => (seed, i)))
            File.WriteAllBytes(Path.Combine(input, $"seed-{i}"), seed);
        if (options.Corpus is { } corpus && Directory.Exists(Path.Combine(corpus, target)))
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(corpus, target)))
                File.Copy(file, Path.Combine(input, Path.GetFileName(file)));
        }
    }

    private static TargetReport Read(string target, string output, IEnumerable<string> statistics)
    {
        var values = statistics.Select(line => line.Split(':', 2)).Where(pair => pair.Length == 2)
            .ToDictionary(pair => pair[0].Trim(), pair => pair[1].Trim());
        return new TargetReport
        {
            Target = target, Engine = "afl", Seconds = Number("run_time"), Executions = Number("execs_done"),
            Edges = (int)Number("edges_found"), Corpus = (int)Number("corpus_count"), Crashes = Findings("crashes"), Hangs = Findings("hangs"),
            HeapGrowthBytes = 0, WorkingSetGrowthBytes = 0, LargestAllocationBytes = 0,
        };

        long Number(string name) => long.TryParse(values.GetValueOrDefault(name), CultureInfo.InvariantCulture, out var number) ? number : 0;

        List<Finding> Findings(string kind) =>
        [
            .. Directory.EnumerateFiles(Path.Combine(output, "default", kind), "id*")
                .Select(file => new Finding(Path.GetFileName(file), Convert.ToBase64String(File.ReadAllBytes(file)))),
        ];
    }
}
