using System.Text.Json;
using Meshara.Lab.Soak;
using Meshara.Tests.Stack;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Soak;

/// <summary>A short soak: everything happens and is reported. Whether anything grows takes half an hour to say.</summary>
[Collection(MeshCollection.Name)]
public sealed class SoakTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_short_soak_loses_nothing_and_reports_every_trend()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The proxies between the nodes can tell who dials on Linux only.");
        using var folder = new TemporaryFolder();
        var file = folder.File("report.json");
        var start = HostProgram.Start(HostProgram.Lab, "soak", "--for", "40s", "--rate", "20", "--seed", "1", "--report", file, "--stop-with-input");
        // A soak that fails keeps its folder in there.
        start.Environment["TMPDIR"] = folder.Path;
        await using var lab = new RunningProgram(start);
        // A trend cannot be told from a warm-up here.
        Assert.True(await lab.ExitAsync(Test, Deadline) is Meshara.Harness.ExitCodes.Success or Meshara.Harness.ExitCodes.Failure, lab.Output);

        var report = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(file, Test));
        Assert.InRange(report.GetProperty("accepted").GetInt64(), 100, long.MaxValue);
        Assert.Equal(0, report.GetProperty("waiting").GetInt64());
        Assert.Empty(report.GetProperty("failures").EnumerateArray());
        Assert.InRange(report.GetProperty("telemetry_bytes").GetInt64(), 1, long.MaxValue);
        var faults = report.GetProperty("faults").EnumerateObject().Select(fault => fault.Name).ToList();
        Assert.Contains("slow_links", faults);
        Assert.Contains("nonsense", faults);
        Assert.Contains("deaf", faults);
        Assert.Contains(faults, fault => fault is "kill" or "restart");
        var series = report.GetProperty("series").EnumerateArray().ToList();
        Assert.Equal(2 * SoakWatch.Quantities.Count, series.Count);
        Assert.All(series, one => Assert.InRange(one.GetProperty("trend").GetProperty("samples").GetInt32(), 5, int.MaxValue));
        Assert.All(series, one => Assert.InRange(one.GetProperty("trend").GetProperty("mean").GetDouble(), 1, double.MaxValue));
    }

    [Fact]
    public void Growth_is_told_from_noise()
    {
        var random = new Random(1);
        var flat = Trend.Of(Samples(_ => 100 + random.NextDouble() * 10));
        Assert.InRange(flat.PerHour, -flat.Error, flat.Error);
        Assert.InRange(flat.Growth, double.MinValue, 0);
        var growing = Trend.Of(Samples(hours => 100 + hours * 20 + random.NextDouble() * 10));
        Assert.InRange(growing.PerHour, 20 - growing.Error, 20 + growing.Error);
        Assert.InRange(growing.Growth, 10, 20);
    }

    [Fact]
    public void A_sawtooth_is_no_growth()
    {
        // Seven and a half teeth: the last one has only begun.
        var trend = Trend.Of(Samples(hours => 100 + hours * 7.5 % 1 * 50));
        Assert.InRange(trend.Growth, double.MinValue, 5);
    }

    private static List<(double Hours, double Value)> Samples(Func<double, double> value) =>
        [.. Enumerable.Range(0, 200).Select(i => i / 200.0).Select(hours => (hours, value(hours)))];
}
