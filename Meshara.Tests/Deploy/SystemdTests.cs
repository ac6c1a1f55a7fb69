using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Meshara.Harness;
using Meshara.Tests.Alerts;
using Meshara.Tests.Api;
using Meshara.Tests.Stack.Local;
using TemporaryFolder = Meshara.Tests.Stack.TemporaryFolder;

namespace Meshara.Tests.Deploy;

/// <summary>deploy/systemd/meshara.service, checked with systemd's own tools and with a real node under its settings.</summary>
[Collection(MeshCollection.Name)]
public sealed class SystemdTests : IDisposable
{
    private const string Program = "/opt/meshara/meshara";

    private static readonly string[] Unit = File.ReadAllLines(Path.Combine(AlertFiles.Root, "deploy", "systemd", "meshara.service"));

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Systemd_understands_every_line_of_the_unit()
    {
        var run = await ExternalTool.RunOrSkipAsync("systemd-analyze", "systemd", "verify", "--man=no", UnitForThisMachine());
        Assert.True(run is { ExitCode: 0, Output: "" }, run.Output);
    }

    [Fact]
    public async Task The_unit_exposes_little()
    {
        // The threshold is 1.5 of 10: rated OK by systemd, and hardly more than a network service needs.
        var run = await ExternalTool.RunOrSkipAsync(
            "systemd-analyze", "systemd", "security", "--offline=true", "--threshold=15", "--no-pager", UnitForThisMachine());
        Assert.True(run.ExitCode == 0, run.Output);
    }

    [Fact]
    public void It_starts_the_node_as_every_deployment_does()
    {
        Assert.Equal([$"{Program} run"], Values("ExecStart"));
        var guide = File.ReadAllText(Path.Combine(AlertFiles.Root, "docs", "deploy.md"));
        Assert.All(Values("LoadCredential"), credential => Assert.Contains(credential.Split(':')[1], guide, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_setting_of_the_unit_and_of_its_example_is_one_of_the_nodes()
    {
        var example = File.ReadAllLines(Path.Combine(AlertFiles.Root, "deploy", "systemd", "meshara.env"))
            .Select(line => line.TrimStart('#')).Where(line => line.Contains('=', StringComparison.Ordinal));
        var names = Values("Environment").SelectMany(line => line.Split(' ')).Concat(example).Select(NameOf).ToList();
        Assert.True(names.Count > 8);
        Assert.All(names, name => Assert.True(NodeSettingNames.IsKnown(name), name));
    }

    [Fact]
    public async Task A_node_tells_systemd_when_it_serves_that_it_lives_and_that_it_stops()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "systemd is for Linux.");
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(_folder.File("notify")));
        await File.WriteAllTextAsync(_folder.File("passphrase"), "of this test", Test);
        await File.WriteAllTextAsync(_folder.File("api-token"), "of-this-test", Test);
        await using var node = new RunningProgram(Start(FreePort.Node()));

        var said = new List<string>();
        await UntilSaidAsync(systemd, said, "READY=1");
        Assert.True(File.Exists(_folder.File("state/meshara/identity.key")));
        said.Clear();
        await UntilSaidAsync(systemd, said, "WATCHDOG=1");
        await UntilSaidAsync(systemd, said, "STATUS=ready, 0 peers, 0 pending messages");
        using (var kill = Process.Start("kill", ["-TERM", $"{node.Id}"]))
            await kill.WaitForExitAsync(Test);
        await UntilSaidAsync(systemd, said, "STOPPING=1");
        Assert.Equal(0, await node.ExitAsync(Test));
    }

    [Fact]
    public async Task A_node_without_systemd_starts_as_ever()
    {
        var node = FreePort.Node();
        await File.WriteAllTextAsync(_folder.File("passphrase"), "of this test", Test);
        await File.WriteAllTextAsync(_folder.File("api-token"), "of-this-test", Test);
        var start = Start(node);
        start.Environment["NOTIFY_SOCKET"] = _folder.File("nobody");
        start.ArgumentList.Add("--stop-with-input");
        await using var program = new RunningProgram(start);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{node.HttpPort}") };
        await Mesh.Eventually.TrueAsync(async () =>
        {
            Assert.False(program.HasExited, program.Output);
            try
            {
                using var ready = await client.GetAsync("ready", Test);
                return ready.StatusCode == HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, "the node is ready");
        Assert.Equal(0, await program.StopAsync(Test));
    }

    /// <summary>The node with the settings of the unit; only folders and ports are this test's.</summary>
    private ProcessStartInfo Start(StackNode node)
    {
        var start = HostProgram.Start(HostProgram.Node, "run");
        foreach (var setting in Values("Environment").SelectMany(line => line.Split(' ')))
        {
            start.Environment[NameOf(setting)] = setting[(NameOf(setting).Length + 1)..]
                .Replace("%S", _folder.File("state"), StringComparison.Ordinal)
                .Replace("%L", _folder.File("logs"), StringComparison.Ordinal)
                .Replace("%d", _folder.Path, StringComparison.Ordinal)
                .Replace("%H", "host", StringComparison.Ordinal);
        }
        start.Environment["Mesh__Listen"] = $"127.0.0.1:{node.MeshPort}";
        start.Environment["Api__Port"] = node.HttpPort.ToString(CultureInfo.InvariantCulture);
        start.Environment["Metrics__Port"] = node.MetricsPort.ToString(CultureInfo.InvariantCulture);
        start.Environment["NOTIFY_SOCKET"] = _folder.File("notify");
        start.Environment["WATCHDOG_USEC"] = "2000000";
        return start;
    }

    private static async Task UntilSaidAsync(Socket systemd, List<string> said, string expected)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Test);
        limit.CancelAfter(NodeClient.Deadline);
        var datagram = new byte[4096];
        try
        {
            while (!said.Contains(expected))
                said.AddRange(Encoding.UTF8.GetString(datagram, 0, await systemd.ReceiveAsync(datagram, limit.Token)).Split('\n'));
        }
        catch (OperationCanceledException) when (!Test.IsCancellationRequested)
        {
            Assert.Fail($"The node did not say {expected} within {NodeClient.Deadline.TotalSeconds} s but: {string.Join(", ", said)}");
        }
    }

    /// <summary>A copy of the unit, under the same name, whose program exists.</summary>
    private string UnitForThisMachine()
    {
        var path = _folder.File("meshara.service");
        File.WriteAllLines(path, Unit.Select(line => line.Replace(Program, HostProgram.Node, StringComparison.Ordinal)));
        return path;
    }

    private static IEnumerable<string> Values(string key) =>
        Unit.Where(line => line.StartsWith(key + "=", StringComparison.Ordinal)).Select(line => line[(key.Length + 1)..]);

    private static string NameOf(string setting) => setting.Split('=')[0];
}
