using Meshara.Harness.Processes;
using Meshara.Lab.Fuzz;

namespace Meshara.Tests.Fuzz;

/// <summary>Short runs of <c>Meshara.Lab -- fuzz</c>, in processes of their own.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_parser_takes_or_refuses_what_it_is_fed()
    {
        var report = await RunAsync(new FuzzOptions { Targets = [.. FuzzTargets.Names], Executions = 2_000, Seed = 1 });
        Assert.True(report.Passed, report.ToJson());
        Assert.All(report.Targets, target => Assert.Equal(2_000, target.Executions));
        // The inputs reach the node's code, and some reach further than those before.
        Assert.All(report.Targets, target => Assert.InRange(target.Edges, 15, int.MaxValue));
        Assert.All(report.Targets, target => Assert.InRange(target.Corpus, 2, int.MaxValue));
    }

    [Fact]
    public async Task A_planted_defect_is_found()
    {
        var report = await RunAsync(new FuzzOptions { Targets = [FuzzTargets.Planted], Executions = 1_000_000, Seed = 1 });
        var crash = Assert.Single(Assert.Single(report.Targets).Crashes);
        Assert.Contains("The planted defect.", crash.What, StringComparison.Ordinal);
        Assert.Equal("MSHR"u8, Convert.FromBase64String(crash.Input).AsSpan(0, 4));
        Assert.False(report.Passed);
    }

    [Fact]
    public async Task AFL_finds_edges_with_the_same_targets()
    {
        var program = ToolPath.Find(Environment.GetEnvironmentVariable("PATH"), AflRun.Program);
        Assert.SkipWhen(program is null, "AFL++ is needed (apt-get install afl++).");
        var report = await RunAsync(new FuzzOptions { Targets = ["log-filter"], For = TimeSpan.FromSeconds(5), Seed = 1, Afl = true });
        var target = Assert.Single(report.Targets);
        Assert.InRange(target.Executions, 10, long.MaxValue);
        Assert.InRange(target.Edges, 15, int.MaxValue);
        Assert.Empty(target.Crashes);
    }

    /// <summary>What once made a parser fail, and what reached furthest in long runs.</summary>
    [Fact]
    public void Every_kept_input_is_taken_or_refused()
    {
        var folders = Directory.GetDirectories(Path.Combine(AppContext.BaseDirectory, "Fuzz", "Corpus"));
        Assert.All(folders, folder =>
        {
            var target = FuzzTargets.Open(Path.GetFileName(folder));
            try
            {
                Assert.All(Directory.GetFiles(folder), file => target.Run(File.ReadAllBytes(file)));
            }
            finally
            {
                target.Dispose();
            }
        });
    }

    private Task<FuzzReport> RunAsync(FuzzOptions options) => new FuzzRun(options, output.WriteLine).MeasureAsync(Test);
}
