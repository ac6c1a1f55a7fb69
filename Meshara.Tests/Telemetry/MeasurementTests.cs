using System.Text.Json;
using Meshara.Tests.Load;
using Meshara.Tests.Stack;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Telemetry;

/// <summary>Short runs of the lab's telemetry measurements: they work and report plausible values. Speed is not asserted.</summary>
[Collection(MeasurementCollection.Name)]
public sealed class MeasurementTests
{
    [Fact]
    public async Task What_telemetry_costs_is_measured_for_each_mode()
    {
        var report = await LabReport.RunAsync("overhead", "--rounds", "2", "--for", "300ms");
        foreach (var name in (string[])["metrics_percent", "metrics_and_sampled_traces_percent", "metrics_and_kept_traces_percent", "all_traces_percent"])
        {
            Assert.Equal(JsonValueKind.Number, report.GetProperty(name).ValueKind);
            Assert.Equal(report.GetProperty(name).GetDouble(), report.GetProperty("path").GetProperty(name).GetProperty("median").GetDouble());
            Assert.Equal(JsonValueKind.Number, report.GetProperty("saturated_cpu").GetProperty(name).GetProperty("upper_quartile").ValueKind);
        }
        Assert.Equal(2, report.GetProperty("rounds").GetArrayLength());
        Assert.All(report.GetProperty("rounds").EnumerateArray().SelectMany(round => round.EnumerateObject()), mode =>
        {
            Assert.InRange(mode.Value.GetProperty("path_us").GetDouble(), 1, 10_000_000);
            Assert.InRange(mode.Value.GetProperty("cpu_us").GetDouble(), 1, 10_000_000);
        });
    }

    [Fact]
    public async Task A_collector_that_never_answers_is_measured_against_none()
    {
        var report = await LabReport.RunAsync("blackhole", "--rounds", "1", "--for", "500ms", "--memory-for", "2s");
        Assert.InRange(report.GetProperty("throughput_ratio").GetProperty("median").GetDouble(), 0.01, 100);
        Assert.InRange(report.GetProperty("memory_ratio").GetDouble(), 0.1, 10);
        Assert.InRange(report.GetProperty("memory").GetArrayLength(), 8, 100);
    }

    [Fact]
    public async Task Series_do_not_grow_with_the_peers_that_come_and_go()
    {
        var report = await LabReport.RunAsync("scrape", "--peers", "200", "--series", "1000", "--scrapes", "5");
        Assert.Equal(200, report.GetProperty("peers").GetInt32());
        // Series that the runtime adds, such as for a pool of the web server, are not per peer.
        Assert.InRange(report.GetProperty("series_after_peers").GetInt32() - report.GetProperty("series_before_peers").GetInt32(), 0, 10);
        Assert.InRange(report.GetProperty("series").GetInt32(), 1000, 1100);
        Assert.InRange(report.GetProperty("p50_ms").GetDouble(), 0.01, 60_000);
    }
}
