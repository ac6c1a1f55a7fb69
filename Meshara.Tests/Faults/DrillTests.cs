using System.Diagnostics;
using System.Text.Json;
using Meshara.Harness.Processes;
using Meshara.Tests.Stack;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Faults;

/// <summary>Short runs of the lab's drills: real nodes, real faults, and every accepted message accounted for.</summary>
[Collection(MeshCollection.Name)]
public sealed class DrillTests
{
    // For starting all nodes, the drill, the longest wait for the mesh to settle, and stopping all nodes, on a busy machine.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_lost_or_doubled_when_nodes_are_killed_and_come_back()
    {
        var report = await RunAsync("kill");
        Assert.All(Events(report), fault => Assert.EndsWith(" killed", fault, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_is_lost_or_doubled_when_the_network_splits_and_heals()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The proxies between the nodes can tell who dials on Linux only.");
        var events = Events(await RunAsync("partition", "9s"));
        Assert.EndsWith("(packets vanish)", events[0], StringComparison.Ordinal);
        Assert.EndsWith("(connections are refused)", events[1], StringComparison.Ordinal);
    }

    [Fact]
    public Task Nothing_is_lost_or_doubled_on_a_slow_and_lossy_network() => RunAsync("slow");

    [Fact]
    public async Task A_node_whose_disk_is_full_refuses_messages_and_loses_none()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Mounting a small tmpfs needs root on Linux.");
        var report = await RunAsync("disk");
        Assert.InRange(report.GetProperty("refused").GetProperty("503").GetInt64(), 1, long.MaxValue);
    }

    [Fact]
    public async Task Nodes_refuse_more_than_their_queues_hold_and_lose_nothing_of_the_rest()
    {
        var report = await RunAsync("flood");
        Assert.InRange(report.GetProperty("refused").GetProperty("429").GetInt64(), 1, long.MaxValue);
    }

    [Fact]
    public async Task Nothing_is_lost_or_doubled_when_all_nodes_are_killed_at_once() =>
        Assert.Equal("all nodes killed", Events(await RunAsync("restart-all"))[0]);

    [Fact]
    public async Task A_message_to_a_node_that_is_down_survives_the_death_of_its_sender()
    {
        var report = await RunAsync("orphan");
        Assert.InRange(report.GetProperty("orphaned").GetInt64(), 1, long.MaxValue);
    }

    [Fact]
    public async Task The_sender_is_killed_only_when_relays_have_what_waits_with_it()
    {
        // The sender asks relays at a random time within this interval after the first failure, like a sender on a busy machine.
        var report = await RunAsync("orphan", "6s", new Dictionary<string, string> { ["Delivery__RetryBase"] = "00:00:30" }, 0);
        Assert.InRange(report.GetProperty("orphaned").GetInt64(), 1, long.MaxValue);
    }

    [Fact]
    public async Task Messages_wait_for_a_slow_link_and_cross_it_once()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("report.json");
        await using var lab = new RunningProgram(HostProgram.Start(
            HostProgram.Lab, "drill", "slow-link", "--kbps", "1000", "--delay", "50ms", "--messages", "20", "--report", file, "--stop-with-input"));

        // Timeliness cannot be judged on a busy machine, so failure is accepted, too.
        Assert.True(await lab.ExitAsync(Test, Deadline) is Meshara.Harness.ExitCodes.Success or Meshara.Harness.ExitCodes.Failure, lab.Output);

        var report = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(file, Test));
        Assert.Equal((40, 0, 0), (report.GetProperty("acknowledged").GetInt32(), report.GetProperty("lost").GetInt32(), report.GetProperty("duplicates").GetInt32()));
        Assert.Empty(report.GetProperty("failures").EnumerateArray());
        Assert.Equal(0, report.GetProperty("connections_lost").GetDouble());
        Assert.InRange(report.GetProperty("seconds").GetDouble(), report.GetProperty("needed_seconds").GetDouble(), double.MaxValue);
        Assert.InRange(report.GetProperty("repeated_share").GetDouble(), 0, 0.05);
    }

    [Fact]
    public async Task Nothing_is_lost_or_doubled_while_clocks_are_wrong_and_a_node_stands_still()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "No signal stops a process on Windows.");
        // Longer than the time for which a node may pass as busy.
        var report = await RunAsync("clock", "12s");
        var events = Events(report);
        Assert.Single(events, what => what.EndsWith(" stands still for 12 s", StringComparison.Ordinal));
        Assert.Equal(FakeClock.IsInstalled ? 2 : 0, events.Count(what => what.Contains(" jumps, and is ", StringComparison.Ordinal)));
        // Null if the nodes never agreed.
        Assert.All(
            report.GetProperty("events").EnumerateArray(),
            fault => Assert.Equal(JsonValueKind.Number, fault.GetProperty("agreed_seconds").ValueKind));
    }

    [Fact]
    public async Task Hostile_peers_lose_and_double_nothing_and_stop_no_node()
    {
        // Latency and memory are goals of the drill that cannot be judged on a busy machine, so exit code 1 is accepted, too.
        var report = await RunAsync("hostile", "30s", 0, 1);
        var attacks = report.GetProperty("attacks").EnumerateArray().ToDictionary(attack => attack.GetProperty("attack").GetString()!);
        Assert.Equal(["none", "nonsense", "deaf", "flood", "dead_recipients", "eclipse"], attacks.Keys);
        Assert.All(attacks.Values, attack => Assert.InRange(attack.GetProperty("acknowledged").GetInt64(), 1, attack.GetProperty("sent").GetInt64()));
        Assert.All(attacks.Values, attack => Assert.InRange(attack.GetProperty("memory_ratio").GetDouble(), 0.1, 100));
        Assert.DoesNotContain(report.GetProperty("failures").EnumerateArray(), failure => failure.GetString()!.StartsWith("node-", StringComparison.Ordinal));

        Assert.InRange(Count("nonsense", "bans"), 1, long.MaxValue);
        Assert.InRange(Count("deaf", "slow_consumers"), 1, long.MaxValue);
        Assert.All((string[])["ping", "handshake", "broadcast", "record", "deposit", "stale"], kind => Assert.InRange(Done("flood", kind), 1, long.MaxValue));
        Assert.InRange(Done("dead_recipients", "message"), 100, long.MaxValue);
        Assert.InRange(Count("eclipse", "refused"), 1, long.MaxValue);

        long Count(string attack, string figure) => attacks[attack].GetProperty(figure).GetInt64();
        long Done(string attack, string what) => attacks[attack].GetProperty("done").GetProperty(what).GetInt64();
    }

    [Theory]
    [InlineData("disk", "10m", "the volume is full")]
    [InlineData("clock", "20s", " stands still for ")]
    public async Task Nothing_is_left_of_a_drill_whose_lab_is_killed(string drill, string duration, string fault)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "The drill with a mounted volume needs root on Linux.");
        using var folder = new TemporaryFolder();
        await using var lab = Lab(drill, "--for", duration, "--data", folder.Path);
        await lab.PrintsAsync(fault, Test);
        var children = ProcessTree.Descendants(lab.Id).Select(Process.GetProcessById).ToList();
        Assert.InRange(children.Count, 4, int.MaxValue); // the nodes and the holder of the fault

        await lab.KillAsync(Test);

        await ProcessTree.EndAsync(children, Test);
        children.ForEach(child => child.Dispose());
        // The mount existed only in the drill's own namespace, which ended with its last process.
        Assert.DoesNotContain(folder.Path, await File.ReadAllTextAsync("/proc/self/mounts", Test), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_left_of_an_alert_drill_whose_lab_is_killed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "What a process started can be told on Linux only.");
        Assert.SkipWhen(Alerts.AlertDrillRun.Obstacle is not null, Alerts.AlertDrillRun.Obstacle ?? "");
        using var folder = new TemporaryFolder();
        await using var lab = new RunningProgram(HostProgram.Start(HostProgram.Lab, ["drill", "alert", "none", "--for", "10m", "--data", folder.Path]));
        await lab.PrintsAsync("nodes are watched", Test);
        var children = ProcessTree.Descendants(lab.Id).Select(Process.GetProcessById).ToList();
        Assert.InRange(children.Count, 9, int.MaxValue); // five nodes, two servers and their guards

        await lab.KillAsync(Test);

        await ProcessTree.EndAsync(children, Test);
        children.ForEach(child => child.Dispose());
    }

    [Fact]
    public async Task A_drill_that_is_asked_to_stop_leaves_nothing_and_claims_nothing()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("report.json");
        await using var lab = Lab("kill", "--for", "10m", "--data", folder.Path, "--report", file, "--stop-with-input");
        await lab.PrintsAsync(" killed", Test);

        Assert.Equal(Meshara.Harness.ExitCodes.Killed, await lab.StopAsync(Test));
        Assert.False(File.Exists(file));
    }

    private static Task<JsonElement> RunAsync(string drill, string duration = "6s") => RunAsync(drill, duration, 0);

    private static Task<JsonElement> RunAsync(string drill, string duration, params int[] exitCodes) =>
        RunAsync(drill, duration, new Dictionary<string, string>(), exitCodes);

    private static async Task<JsonElement> RunAsync(
        string drill, string duration, IReadOnlyDictionary<string, string> environment, params int[] exitCodes)
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("report.json");
        await using var lab = Lab(environment, drill, "--for", duration, "--data", folder.Path, "--report", file, "--stop-with-input");

        var exitCode = await lab.ExitAsync(Test, Deadline);
        Assert.True(File.Exists(file), lab.Output);
        var json = await File.ReadAllTextAsync(file, Test);
        Assert.True(exitCodes.Contains(exitCode), $"{lab.Output}\n{json}");

        var report = JsonSerializer.Deserialize<JsonElement>(json);
        long Value(string name) => report.GetProperty(name).GetInt64();
        Assert.Equal((0, 0, 0), (Value("lost"), Value("duplicates"), Value("strays")));
        Assert.InRange(Value("accepted"), 1, long.MaxValue);
        Assert.Equal(Value("accepted"), Value("delivered") + Value("expired"));
        Assert.NotEmpty(Events(report));
        // Null if a message never arrived.
        Assert.Equal(JsonValueKind.Number, report.GetProperty("max_recovery_seconds").ValueKind);
        return report;
    }

    private static RunningProgram Lab(string drill, params IEnumerable<string> options) => Lab(new Dictionary<string, string>(), drill, options);

    private static RunningProgram Lab(IReadOnlyDictionary<string, string> environment, string drill, params IEnumerable<string> options)
    {
        var start = HostProgram.Start(HostProgram.Lab, ["drill", drill, "--nodes", "3", "--rate", "50", .. options]);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new RunningProgram(start);
    }

    private static List<string> Events(JsonElement report) =>
        [.. report.GetProperty("events").EnumerateArray().Select(fault => fault.GetProperty("what").GetString()!)];
}
