using System.Diagnostics;
using System.Net.NetworkInformation;
using System.Text.Json;
using Meshara.Lab;
using Meshara.Lab.Drills.Wan;
using Meshara.Tests.Stack;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Faults;

/// <summary>The lab's drill <c>wan</c> in short: a host of its own for each node, as far as the network goes.</summary>
[Collection(MeshCollection.Name)]
public sealed class WanDrillTests
{
    // A start of all nodes over slow links, the drill, two times until everybody knows who is alive, and the longest wait for it to settle.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_lost_or_doubled_between_hosts_of_which_one_can_only_dial()
    {
        SkipWhereItCannotRun();
        using var folder = new TemporaryFolder();
        var file = folder.File("report.json");
        await using var lab = Lab("--for", "10s", "--rate", "20", "--data", folder.Path, "--report", file, "--stop-with-input");

        // How soon there is one view again is the drill's own goal and none of a test on a busy machine: it may end with 1 for that.
        var exitCode = await lab.ExitAsync(Test, Deadline);
        Assert.True(exitCode is Meshara.Harness.ExitCodes.Success or Meshara.Harness.ExitCodes.Failure && File.Exists(file), lab.Output);

        var report = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(file, Test));
        long Value(string name) => report.GetProperty(name).GetInt64();
        Assert.Equal((0, 0, 0, 0), (Value("lost"), Value("duplicates"), Value("strays"), Value("expired")));
        Assert.InRange(Value("delivered"), 1, Value("accepted"));
        var failures = report.GetProperty("failures").EnumerateArray().Select(failure => failure.GetString()!);
        Assert.DoesNotContain(failures, failure => !failure.StartsWith("one view took ", StringComparison.Ordinal));

        var network = report.GetProperty("network");
        Assert.Equal("node-4", network.GetProperty("behind_nat").GetString());
        Assert.Equal([20, 80, 140, 200], network.GetProperty("delay_ms").EnumerateObject().Select(node => node.Value.GetDouble()));
        Assert.InRange(network.GetProperty("halves_seconds").GetDouble(), 0, double.MaxValue);
        Assert.InRange(network.GetProperty("one_view_seconds").GetDouble(), 0, double.MaxValue);
        // A message crosses at least its sender's link.
        Assert.InRange(Median("direct"), 20, double.MaxValue);
        Assert.InRange(Median("from_nat"), 200, double.MaxValue);
        Assert.InRange(Median("to_nat"), 20, double.MaxValue);

        double Median(string kind) => network.GetProperty("latencies").GetProperty(kind).GetProperty("p50").GetDouble();
    }

    [Fact]
    public async Task Nothing_is_left_of_a_network_whose_lab_is_killed()
    {
        SkipWhereItCannotRun();
        using var folder = new TemporaryFolder();
        var before = NamespacesInUse();
        await using var lab = Lab("--for", "10m", "--data", folder.Path);
        await lab.PrintsAsync("  sent ", Test);
        var children = ProcessTree.Descendants(lab.Id).Select(Process.GetProcessById).ToList();
        // One of each node, besides those that were there.
        Assert.Equal(4, NamespacesInUse().Except(before).Count());
        Assert.DoesNotContain(NetworkInterface.GetAllNetworkInterfaces(), device => device.Name is "west" or "east" or "trunk" or "wan");

        await lab.KillAsync(Test);

        await ProcessTree.EndAsync(children, Test);
        children.ForEach(child => child.Dispose());
        // No process is in them and no file stands for them, so they are gone, and their devices with them.
        Assert.Empty(NamespacesInUse().Except(before));
        Assert.DoesNotContain("nsfs", await File.ReadAllTextAsync("/proc/self/mounts", Test), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_without_the_tools_is_told_what_is_missing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Without root that is what is missing.");
        using var folder = new TemporaryFolder();
        var start = HostProgram.Start(HostProgram.Lab, "drill", "wan");
        start.Environment["PATH"] = folder.Path;
        await using var lab = new RunningProgram(start);

        Assert.Equal(LabExitCodes.NotPossibleHere, await lab.ExitAsync(Test));
        Assert.Equal("meshara-lab: wan needs ip, tc, unshare, nsenter, nft or iptables (apt-get install iproute2 nftables).", lab.Output);
    }

    private static RunningProgram Lab(params IEnumerable<string> options) =>
        new(HostProgram.Start(HostProgram.Lab, ["drill", "wan", "--nodes", "4", .. options]));

    private static void SkipWhereItCannotRun()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Network namespaces are a thing of Linux.");
        else if (WanNetwork.Obstacle() is { } obstacle)
            Assert.Skip(obstacle);
    }

    /// <summary>The network namespaces that processes are in.</summary>
    private static HashSet<string> NamespacesInUse()
    {
        var found = new HashSet<string>();
        foreach (var process in Directory.GetDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])))
        {
            // `net:[4026531840]`; null for a process that has just ended.
            if (new FileInfo(Path.Combine(process, "ns", "net")).LinkTarget is { } network)
                found.Add(network);
        }
        return found;
    }
}
