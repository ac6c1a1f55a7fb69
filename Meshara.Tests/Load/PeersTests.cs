using System.Diagnostics;
using System.Text.Json;
using Meshara.Lab.Peers;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Load;

/// <summary>
/// The comparison with brokers: what is installed here carries every message once, and the report is complete. Speed is not asserted.
/// </summary>
[Collection(MeasurementCollection.Name)]
public sealed class PeersTests
{
    private static readonly string[] Measured =
    [
        "messages_per_second", "meshara_times", "p50_us", "p99_us", "p999_us", "cpu_us_per_message", "written_bytes_per_message",
        "resident_mib",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_durable_pair_is_compared_with_every_broker_that_is_installed()
    {
        var report = await LabReport.RunAsync("peers", "--rounds", "2", "--for", "400ms");
        Assert.Equal((256, 0.4), (report.GetProperty("payload").GetInt32(), report.GetProperty("seconds").GetDouble()));
        var candidates = report.GetProperty("candidates").EnumerateArray().ToList();
        var skipped = report.GetProperty("skipped").EnumerateArray().ToList();
        Assert.Equal(
            ["jetstream", "meshara", "mosquitto", "rabbitmq"], candidates.Concat(skipped).Select(Name).Order(StringComparer.Ordinal));
        Assert.Equal("meshara", Name(candidates[0]));
        Assert.Equal(1, candidates[0].GetProperty("meshara_times").GetDouble());
        Assert.All(skipped, one => Assert.Contains(
            "is not installed (apt-get install", one.GetProperty("reason").GetString(), StringComparison.Ordinal));
        Assert.All(candidates, one =>
        {
            Assert.Equal((0, 0), (one.GetProperty("lost").GetInt64(), one.GetProperty("doubled").GetInt64()));
            Assert.InRange(one.GetProperty("messages").GetInt64(), 2, long.MaxValue);
            Assert.Matches(@"\A\d+(\.\d+)+", one.GetProperty("version").GetString()!);
            Assert.All(Measured, figure => Assert.Equal(JsonValueKind.Number, one.GetProperty(figure).ValueKind));
            var promise = one.GetProperty("promise");
            Assert.All((string[])["durable", "encrypted", "delivery"], part => Assert.NotEmpty(promise.GetProperty(part).GetString()!));
            Assert.True(one.GetProperty("p50_us").GetDouble() <= one.GetProperty("p99_us").GetDouble());
            Assert.InRange(one.GetProperty("resident_mib").GetDouble(), 1, 16 * 1024);
            Assert.Equal(2, one.GetProperty("rounds").GetArrayLength());
        });
    }

    [Fact]
    public async Task A_payload_without_room_for_a_number_and_a_time_is_refused()
    {
        await using var lab = new RunningProgram(HostProgram.Start(HostProgram.Lab, "peers", "--payload", "15"));
        Assert.Equal(Harness.ExitCodes.Usage, await lab.ExitAsync(Cancel));
        Assert.Contains("--payload must be a whole number from 16 to 262144, but is '15'.", lab.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_arrives_twice_counts_once()
    {
        var arrivals = new Arrivals();
        var (first, second) = (Arrivals.Content(0, 64), Arrivals.Content(5_000_000, 64));
        Assert.Equal([true, true, false], ((byte[][])[first, second, first]).Select(content => arrivals.Record(content)));
        Assert.Equal((2, 1), (arrivals.Count, arrivals.Doubled));
        await arrivals.ReachAsync(2, TimeSpan.Zero, Cancel);
    }

    [Fact]
    public async Task A_missing_or_damaged_message_fails_the_comparison()
    {
        var arrivals = new Arrivals();
        arrivals.Record(Arrivals.Content(0, 64));
        var missing = await Assert.ThrowsAsync<InvalidOperationException>(() => arrivals.ReachAsync(2, TimeSpan.Zero, Cancel));
        Assert.Equal("2 messages were sent, 1 arrived, 0 of them damaged.", missing.Message);
        var damaged = Arrivals.Content(1, 64);
        damaged[^1] ^= 1;
        arrivals.Record(damaged);
        await Assert.ThrowsAsync<InvalidOperationException>(() => arrivals.ReachAsync(2, TimeSpan.Zero, Cancel));
    }

    [Fact]
    public async Task What_a_process_uses_includes_its_descendants()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Read from /proc.");
        // The shell's child counts, which takes it processor time; the shell itself waits.
        const string Script = "(i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; sleep 600) & wait";
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", Script]) { RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal("done", await shell.StandardOutput.ReadLineAsync(Cancel));
            Assert.Contains(shell.Id, TreeUse.ChildrenOf(Environment.ProcessId));
            var (alone, all) = (TreeUse.Only(shell.Id), TreeUse.Of([shell.Id]));
            Assert.True(all.Cpu >= alone.Cpu + TimeSpan.FromMilliseconds(50), $"{all.Cpu} with descendants, {alone.Cpu} without");
            Assert.True(all.ResidentBytes > alone.ResidentBytes);
        }
        finally
        {
            shell.Kill(entireProcessTree: true);
        }
    }

    private static string Name(JsonElement of) => of.GetProperty("name").GetString()!;
}
