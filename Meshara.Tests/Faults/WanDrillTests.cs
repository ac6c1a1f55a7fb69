using System.Diagnostics;
using System.Net.NetworkInformation;
using System.Text.Json;
using Meshara.Lab;
using Meshara.Lab.Drills.Wan;
using Meshara.Tests.Stack;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Faults;

/// <summary>A short run of the lab's drill <c>wan</c>, in which each node has its own network.</summary>
[Collection(MeshCollection.Name)]
public sealed class WanDrillTests
{
    // For starting all nodes over slow links, the drill, two waits for views to agree, and the longest wait for the mesh to settle.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_lost_or_doubled_between_hosts_of_which_one_can_only_dial()
    {
        SkipWhereItCannotRun();
        using var folder = new TemporaryFolder();
        var file = folder.File("report.json");
        await using var lab = Lab("--for", "10s", "--rate", "20", "--data", folder.Path, "--report", file, "--stop-with-input");

        // The time until views agree is a goal of the drill that cannot be judged on a busy machine, so exit code 1 is accepted, too.
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
        var (own, mounted) = (NamespaceOf("self"), Mounted());
        await using var lab = Lab("--for", "10m", "--data", folder.Path);
        await lab.PrintsAsync("  sent ", Test);
        var children = ProcessTree.Descendants(lab.Id).Select(Process.GetProcessById).ToList();
        var made = children.Select(child => NamespaceOf($"{child.Id}")).OfType<string>().Where(network => network != own).ToHashSet();
        Assert.Equal(4, made.Count); // one per node
        Assert.DoesNotContain(NetworkInterface.GetAllNetworkInterfaces(), device => device.Name is "west" or "east" or "trunk" or "wan");

        await lab.KillAsync(Test);

        await ProcessTree.EndAsync(children, Test);
        children.ForEach(child => child.Dispose());
        // No process is in the namespaces and no file refers to them, so they are gone along with their devices.
        Assert.DoesNotContain(Directory.GetDirectories("/proc"), process => NamespaceOf(Path.GetFileName(process)) is { } network && made.Contains(network));
        Assert.Empty(Mounted().Except(mounted));
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

    /// <summary>
    /// The network namespace of a process, such as <c>net:[4026531840]</c>; null if it is not a process or has just ended.
    /// </summary>
    private static string? NamespaceOf(string process) => new FileInfo(Path.Combine("/proc", process, "ns", "net")).LinkTarget;

    /// <summary>Files that refer to namespaces; a container engine may have some, too.</summary>
    private static IEnumerable<string> Mounted() =>
        [.. File.ReadAllLines("/proc/self/mounts").Where(mount => mount.StartsWith("nsfs ", StringComparison.Ordinal))];
}
