using System.Text.Json;
using Meshara.Tests.Stack;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Load;

/// <summary>
/// Short runs of the lab's speed measurements: they work, lose nothing and report plausible values. Speed is not asserted.
/// </summary>
[Collection(MeasurementCollection.Name)]
public sealed class MeasurementTests
{
    [Theory]
    [InlineData("session", "memory", 256)]
    [InlineData("message", "memory", 256)]
    [InlineData("session", "normal", 65536)]
    public async Task A_pair_is_measured_next_to_what_cryptography_allows(string keys, string storage, int payload)
    {
        var report = await LabReport.RunAsync("pair", "--rounds", "1", "--for", "600ms", "--keys", keys, "--storage", storage, "--payload", $"{payload}");
        double Value(string name) => report.GetProperty(name).GetDouble();
        Assert.Equal((keys, storage, payload), (report.GetProperty("keys").GetString()!, report.GetProperty("storage").GetString()!, report.GetProperty("payload").GetInt32()));
        Assert.InRange(Value("messages"), 1, long.MaxValue);
        Assert.Equal(0, Value("lost"));
        Assert.Equal(2e6 / (Value("create_us") + Value("open_us")), Value("ceiling_per_second"), 0.01 * Value("ceiling_per_second"));
        Assert.Equal(Value("messages_per_second") / Value("ceiling_per_second"), Value("ratio_to_ceiling"), 0.001);
        Assert.True(Value("p50_us") <= Value("p99_us") && Value("p99_us") <= Value("p999_us"));
        // The sealed content crosses the wire, and both sides allocate memory for what carries it.
        Assert.InRange(Value("bytes_per_message"), payload, 3.0 * payload + 4096);
        Assert.InRange(Value("allocated_bytes_per_message"), payload, long.MaxValue);
    }

    [Fact]
    public async Task Durability_is_measured_against_memory()
    {
        var report = await LabReport.RunAsync("durability", "--rounds", "1", "--for", "500ms");
        Assert.InRange(report.GetProperty("median_ratio").GetDouble(), 0.001, 1000);
    }

    [Fact]
    public async Task A_broadcast_is_timed_until_every_node_has_it()
    {
        var report = await LabReport.RunAsync("gossip", "--nodes", "8", "--broadcasts", "3");
        Assert.Equal((8, 3, 1.0), (report.GetProperty("nodes").GetInt32(), report.GetProperty("broadcasts").GetInt32(), report.GetProperty("coverage").GetDouble()));
        Assert.InRange(report.GetProperty("p50_ms").GetDouble(), 0.001, 15_000);
        Assert.InRange(report.GetProperty("duplicates_per_delivery").GetDouble(), 0, 7);
        Assert.InRange(report.GetProperty("idle_cpu_percent").GetDouble(), 0.1, 100 * Environment.ProcessorCount);
    }

    [Fact]
    public async Task Nodes_that_all_send_to_all_lose_nothing()
    {
        var report = await LabReport.RunAsync("mesh", "--nodes", "3", "--rounds", "1", "--for", "500ms");
        Assert.Equal((3, 0), (report.GetProperty("nodes").GetInt32(), report.GetProperty("lost").GetInt32()));
        Assert.InRange(report.GetProperty("messages").GetInt64(), 3, long.MaxValue);
    }

    [Fact]
    public async Task A_nodes_start_and_its_memory_are_measured()
    {
        var startup = await LabReport.RunAsync("startup", "--rounds", "1");
        Assert.InRange(startup.GetProperty("ready_ms").GetDouble(), 1, 60_000);
        var memory = await LabReport.RunAsync("memory", "--rounds", "1", "--for", "1s");
        Assert.InRange(memory.GetProperty("resident_mib").GetDouble(), 1, 4096);
    }

    [Fact]
    public async Task A_node_holds_the_peers_that_connect()
    {
        var report = await LabReport.RunAsync("connections", "--peers", "40");
        Assert.Equal((40, 40), (report.GetProperty("peers").GetInt32(), report.GetProperty("held").GetInt32()));
        Assert.Equal(JsonValueKind.Number, report.GetProperty("kilobytes_per_connection").ValueKind);
    }

    [Fact]
    public async Task Every_micro_benchmark_runs()
    {
        using var folder = new TemporaryFolder();
        await using var bench = new RunningProgram(HostProgram.Start(HostProgram.Lab, "bench", "--short", "--filter", "*", "--artifacts", folder.Path));
        Assert.True(await bench.ExitAsync(TestContext.Current.CancellationToken, TimeSpan.FromMinutes(3)) == 0, bench.Output);
    }

    [Fact]
    public async Task A_simulated_mesh_with_every_trouble_finds_its_nodes_and_loses_nothing()
    {
        var report = await LabReport.RunAsync(
            "simulate", "--nodes", "60", "--for", "30s", "--lookups", "100", "--broadcasts", "5", "--churn", "5%/min", "--loss", "1%", "--hidden", "30%", "--hostile", "5%");
        Assert.Equal(60, report.GetProperty("joining").GetProperty("joined").GetInt32());
        var lookups = report.GetProperty("lookups");
        Assert.InRange(lookups.GetProperty("count").GetInt32(), 80, 100);
        Assert.InRange(lookups.GetProperty("success").GetDouble(), 0.98, 1);
        Assert.InRange(report.GetProperty("broadcasts").GetProperty("coverage").GetDouble(), 0.999, 1);
        Assert.InRange(report.GetProperty("broadcasts").GetProperty("redundancy").GetDouble(), 1, 4);
        var messages = report.GetProperty("messages");
        Assert.InRange(messages.GetProperty("count").GetInt32(), 80, 100);
        Assert.Equal((0, 0), (messages.GetProperty("lost").GetInt32(), messages.GetProperty("doubled").GetInt32()));
        Assert.InRange(report.GetProperty("rest").GetProperty("connections_max").GetInt32(), 1, 96);
    }

    [Fact]
    public async Task A_simulation_can_be_repeated()
    {
        string[] arguments =
        [
            "simulate", "--nodes", "40", "--for", "10s", "--lookups", "100", "--broadcasts", "3", "--churn", "20%/min", "--loss", "1%", "--hidden", "30%",
            "--hostile", "5%", "--seed", "7",
        ];
        var first = Course(await LabReport.RunAsync(arguments));
        Assert.Equal(first, Course(await LabReport.RunAsync(arguments)));
        Assert.NotEqual(first, Course(await LabReport.RunAsync([.. arguments[..^1], "8"])));

        // Without what the machine took, and without the seed.
        static string Course(JsonElement report) => string.Join('\n', report.EnumerateObject().Where(part => part.Name is not ("machine" or "seed")));
    }
}
