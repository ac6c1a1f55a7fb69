using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Meshara.Lab.Benchmarks;

/// <summary>
/// The command <c>bench</c>: runs BenchmarkDotNet on the parts of the hot path, with its own arguments (<c>--filter *Sealing*</c>,
/// <c>--list flat</c>, <c>--help</c>). <c>--short</c>, as the first argument, runs everything once, to check that it works.
/// </summary>
internal static class MicroBenchmarks
{
    /// <summary>Name of the command.</summary>
    public const string CommandName = "bench";

    /// <summary>Runs the benchmarks that the arguments select; all if there are none.</summary>
    /// <returns>0; 1 if a benchmark failed or none was selected.</returns>
    public static int Run(string[] arguments)
    {
        var isShort = arguments is ["--short", ..];
        if (isShort)
            arguments = arguments[1..];
        // In this process: the project that the default toolchain generates would not build under this solution's rules.
        var job = (isShort ? Job.Dry : Job.Default).WithToolchain(InProcessEmitToolchain.Instance);
        var config = ManualConfig.CreateEmpty().AddJob(job).AddDiagnoser(MemoryDiagnoser.Default).AddColumnProvider(DefaultColumnProviders.Instance)
            .AddLogger(ConsoleLogger.Default).AddExporter(JsonExporter.Brief).WithOptions(ConfigOptions.JoinSummary);
        var all = arguments.Length == 0 ? ["--filter", "*"] : arguments;
        if (all.Contains("--list") || all.Contains("--help"))
        {
            BenchmarkSwitcher.FromAssembly(typeof(MicroBenchmarks).Assembly).Run(all, config);
            return 0;
        }
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(MicroBenchmarks).Assembly).Run(all, config).ToList();
        return summaries.Count > 0 && summaries.All(IsWhole) ? 0 : 1;
    }

    private static bool IsWhole(Summary summary) =>
        !summary.HasCriticalValidationErrors && summary.Reports.Length > 0 && summary.Reports.All(report => report.Success && report.ResultStatistics is not null);
}
