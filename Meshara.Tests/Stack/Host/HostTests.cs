using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using Meshara.AppHost.Plan;
using Meshara.Harness;
using Meshara.Harness.Processes;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Stack.Host;

/// <summary>The host as its users see it: its files, its exit codes, and what it leaves behind.</summary>
[Collection(MeshCollection.Name)]
public sealed class HostTests
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_with_traffic_reports_that_everything_arrived()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("report.json");
        await using var mesh = await HostedMesh.StartAsync(3, Test, ["--traffic", "20", "--for", "5s", "--report", file]);

        Assert.True(await mesh.Host.ExitAsync(Test) == 0, mesh.Host.Output);
        var report = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(file, Test));
        Assert.Equal(
            ["nodes", "sent", "delivered", "failed", "p50_ms", "p99_ms", "broadcasts", "broadcast_coverage", "seconds"],
            report.EnumerateObject().Select(property => property.Name));
        double Value(string name) => report.GetProperty(name).GetDouble();
        Assert.Equal((3, 0, 1), (Value("nodes"), Value("failed"), Value("broadcast_coverage")));
        Assert.Equal(Value("sent"), Value("delivered"));
        Assert.InRange(Value("sent"), 1, 100);
        Assert.InRange(Value("broadcasts"), 1, 2);
        Assert.InRange(Value("p50_ms"), 0.001, Value("p99_ms"));
        // A timer may fire one tick early.
        Assert.InRange(Value("seconds"), 4.9, double.MaxValue);
    }

    [Fact]
    public async Task A_secret_that_is_missing_is_named_before_anything_starts()
    {
        using var folder = new TemporaryFolder();
        var secrets = Directory.CreateDirectory(Path.Combine(folder.File("data"), "alertmanager", "secrets")).FullName;
        await File.WriteAllTextAsync(Path.Combine(secrets, "pagerduty_routing_key"), "key", Test);
        var start = WithoutContainers(HostProgram.Start(HostProgram.Host, "--nodes", "1", "--ports", "auto", "--data", folder.File("data")));
        // Any existing program will do: it is not started.
        start.Environment["MESHARA_ALERTMANAGER"] = HostProgram.Node;
        await using var host = new RunningProgram(start);

        Assert.True(await host.ExitAsync(Test) == ExitCodes.Usage, host.Output);
        var line = Assert.Single(host.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"{Path.Combine(secrets, "smtp_password")} is missing.", line, StringComparison.Ordinal);
        Assert.Equal([Path.Combine(folder.File("data"), "alertmanager")], Directory.GetFileSystemEntries(folder.File("data")));
    }

    [Fact]
    public async Task Nothing_is_left_of_a_mesh_whose_host_is_killed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells what the orchestrator runs");
        await using var mesh = await HostedMesh.StartAsync(2, Test);
        var processes = Processes(mesh);

        await mesh.Host.KillAsync(Test);

        await EndAsync(processes);
    }

    [Fact]
    public async Task Paths_are_relative_to_the_folder_where_dotnet_run_is_called()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("appsettings.json"), """{ "Stack": { "Nodes": "of this folder" } }""", Test);
        var start = DotnetRun();
        start.WorkingDirectory = folder.Path;
        await using var run = new RunningProgram(start);

        Assert.True(await run.ExitAsync(Test) == ExitCodes.Usage, run.Output);
        Assert.Contains("but is 'of this folder'", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_left_of_a_mesh_whose_dotnet_run_is_killed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there dotnet run ends its child by itself");
        using var folder = new TemporaryFolder();
        var endpoints = folder.File("endpoints.json");
        // Not --stop-with-input: the host must notice the vanished parent, not the end of its input.
        await using var run = new RunningProgram(DotnetRun(
            "--nodes", "2", "--ports", "auto", "--data", folder.File("data"), "--traffic", "0", "--without", HostedMesh.Servers, "--endpoints", endpoints));
        var nodes = await HostedMesh.ReadEndpointsAsync(run, endpoints, Test);
        var processes = nodes.Select(node => Process.GetProcessById(node.Endpoint.Pid)).ToList();

        await run.KillAsync(Test);

        await EndAsync(processes);
        foreach (var node in nodes)
            node.Dispose();
    }

    [Fact]
    public async Task A_request_to_terminate_drains_the_mesh()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells what the orchestrator runs");
        await using var mesh = await HostedMesh.StartAsync(2, Test, ["--traffic", "20"]);
        var processes = Processes(mesh);

        Signal(mesh, "TERM");

        Assert.True(await mesh.Host.ExitAsync(Test) == 0, mesh.Host.Output);
        Assert.Contains("Stopping the mesh", mesh.Host.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("unexpectedly", mesh.Host.Output, StringComparison.Ordinal);
        await EndAsync(processes);
        // A node's last line says that it has stopped.
        foreach (var node in mesh.Nodes)
            Assert.Contains("NodeStopped", await File.ReadAllTextAsync(Path.Combine(mesh.Data, "logs", $"{node.Name}.log"), Test), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_interrupt_ends_everything_at_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells what the orchestrator runs");
        await using var mesh = await HostedMesh.StartAsync(2, Test);
        var processes = Processes(mesh);

        Signal(mesh, "INT");
        await mesh.Host.PrintsAsync("once more to stop it at once", Test);
        Signal(mesh, "INT");

        Assert.True(await mesh.Host.ExitAsync(Test) is ExitCodes.Killed or ExitCodes.Success, mesh.Host.Output);
        await EndAsync(processes);
    }

    [Fact]
    public async Task A_home_that_cannot_be_written_keeps_nobody_from_running_a_mesh()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "there is no folder that nobody can write");
        await using var mesh = await HostedMesh.StartAsync(1, Test, environment: new Dictionary<string, string> { ["HOME"] = "/proc" });

        Assert.True(await mesh.Host.StopAsync(Test) == 0, mesh.Host.Output);
    }

    [Theory]
    [InlineData(">&-")]
    [InlineData(">/dev/full")]
    public async Task A_host_whose_standard_output_cannot_be_written_runs(string output)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has /dev/full.");
        using var folder = new TemporaryFolder();
        var endpoints = folder.File("endpoints.json");
        await using var host = new RunningProgram(HostProgram.Start("/bin/sh", "-c", $"exec \"$0\" \"$@\" {output}", HostProgram.Host,
            "--nodes", "2", "--ports", "auto", "--data", folder.File("data"), "--traffic", "0", "--without", HostedMesh.Servers, "--endpoints", endpoints, "--stop-with-input"));
        var nodes = await HostedMesh.ReadEndpointsAsync(host, endpoints, Test);
        await nodes[0].SendAsync(nodes[1], "unheard", Test);
        await nodes[1].ReceiveAsync("unheard", Test);
        Assert.True(await host.StopAsync(Test) == 0, host.Output);
        foreach (var node in nodes)
            node.Dispose();
    }

    [Fact]
    public async Task A_node_that_dies_is_reported_and_the_mesh_goes_on()
    {
        await using var mesh = await HostedMesh.StartAsync(3, Test);
        using (var victim = Process.GetProcessById(mesh.Nodes[1].Endpoint.Pid))
            victim.Kill();

        await mesh.Host.PrintsAsync("node-2  ended unexpectedly: it was killed.", Test);
        await mesh.Nodes[0].SendAsync(mesh.Nodes[2], "we are still here", Test);
        await mesh.Nodes[2].ReceiveAsync("we are still here", Test);
        Assert.Equal(ExitCodes.Failure, await mesh.Host.StopAsync(Test));
    }

    [Fact]
    public async Task Nodes_keep_their_addresses_from_run_to_run()
    {
        using var folder = new TemporaryFolder();
        async Task<string[]> AddressesAsync()
        {
            await using var mesh = await HostedMesh.StartAsync(2, Test, data: folder.Path);
            Assert.Equal(0, await mesh.Host.StopAsync(Test));
            return [.. mesh.Nodes.Select(node => node.Address)];
        }

        var first = await AddressesAsync();
        Assert.Equal(2, first.Distinct().Count());
        Assert.Equal(first, await AddressesAsync());
        Assert.True(File.Exists(Path.Combine(folder.Path, "logs", "node-2.log")));
        Assert.True(File.Exists(Path.Combine(folder.Path, "logs", "node-2.1.log")));
    }

    [Fact]
    public async Task A_second_host_does_not_share_a_folder()
    {
        await using var mesh = await HostedMesh.StartAsync(1, Test);
        await using var second = new RunningProgram(HostProgram.Start(HostProgram.Host, "--nodes", "1", "--ports", "auto", "--data", mesh.Data, "--stop-with-input"));

        Assert.Equal(ExitCodes.Failure, await second.ExitAsync(Test));
        Assert.Contains("--data DIR", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_before_anything_starts()
    {
        using var folder = new TemporaryFolder();
        using var lease = Meshara.Harness.Ports.Lease(2, Random.Shared);
        var portBase = lease.Ports.Mesh;
        using var listener = new TcpListener(IPAddress.Loopback, portBase + 2);
        listener.Start();
        await using var host = new RunningProgram(HostProgram.Start(HostProgram.Host, "--nodes", "2", "--port-base", $"{portBase}", "--data", folder.File("data")));

        Assert.Equal(ExitCodes.PortTaken, await host.ExitAsync(Test));
        Assert.Equal(
            $"meshara-apphost: Taken: port {portBase + 2} (node-2 mesh). Stop what listens there, or choose other ports with --port-base P or --ports auto.",
            host.Output);
        Assert.False(Directory.Exists(folder.File("data")));
    }

    [Fact]
    public async Task A_wrong_option_ends_with_one_line()
    {
        await using var host = new RunningProgram(HostProgram.Start(HostProgram.Host, "--nodes", "none"));

        Assert.Equal(ExitCodes.Usage, await host.ExitAsync(Test));
        Assert.Equal("meshara-apphost: --nodes must be a whole number from 1 to 50, but is 'none'.", host.Output);
    }

    [Fact]
    public async Task Prometheus_scrapes_every_node_under_its_name()
    {
        Assert.SkipWhen(ToolPath.Find(Environment.GetEnvironmentVariable("PATH"), "prometheus") is null, "Prometheus is not installed");
        await using var mesh = await HostedMesh.StartAsync(2, Test, ["--without", HostedMesh.Servers.Replace(",prometheus", "", StringComparison.Ordinal)], environment: NoContainers);
        await mesh.Host.PrintsAsync("prometheus  http", Test);
        var line = mesh.Host.Output.Split('\n').Single(line => line.StartsWith("prometheus  http", StringComparison.Ordinal));
        var query = new Uri(new Uri(line.Split("  ")[1]), "/api/v1/query?query=" + Uri.EscapeDataString("""up{job="meshara", cluster="local"} == 1"""));

        await mesh.Nodes[0].UntilAsync("and node-2 are scraped", async () =>
        {
            var answer = JsonSerializer.Deserialize<JsonElement>(await mesh.Nodes[0].Http.GetStringAsync(query, Test));
            var up = answer.GetProperty("data").GetProperty("result").EnumerateArray().Select(series => series.GetProperty("metric").GetProperty("node").GetString());
            return up.Order().SequenceEqual(["node-1", "node-2"]);
        }, Test);
    }

    [Fact]
    public async Task A_container_whose_image_cannot_be_had_keeps_no_node_from_running()
    {
        Assert.SkipWhen(await ContainerEngine.FromEnvironment().FindFaultAsync(isScraped: false) is not null, "There is no container engine.");
        await using var mesh = await HostedMesh.StartAsync(2, Test, ["--servers", "containers", "--without", HostedMesh.Servers.Replace("mailpit,", "", StringComparison.Ordinal)]);

        await mesh.Nodes[0].SendAsync(mesh.Nodes[1], "hello", Test);
        await mesh.Nodes[1].ReceiveAsync("hello", Test);
        Assert.True(await mesh.Host.StopAsync(Test) == 0, mesh.Host.Output);
    }

    // As a user starts the host: with the .NET this test runs on, and the project built with it.
    private static ProcessStartInfo DotnetRun(params string[] arguments) => HostProgram.Start(
        Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"),
        ["run", "--no-build", "--project", Path.GetFullPath(Path.Combine(HostProgram.Alerts, "..", "Meshara.AppHost")), "-c", HostProgram.Configuration, "--", .. arguments]);

    // These tests must not use a container engine of this machine.
    private static Dictionary<string, string> NoContainers => new() { ["DOCKER_HOST"] = "unix:///nonexistent.sock" };

    private static ProcessStartInfo WithoutContainers(ProcessStartInfo start)
    {
        foreach (var (name, value) in NoContainers)
            start.Environment[name] = value;
        return start;
    }

    private static IReadOnlyList<Process> Processes(HostedMesh mesh)
    {
        var processes = Orchestrator.Processes(mesh.Host.Id);
        Assert.Superset(mesh.Nodes.Select(node => node.Endpoint.Pid).ToHashSet(), processes.Select(process => process.Id).ToHashSet());
        return processes;
    }

    private static void Signal(HostedMesh mesh, string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", mesh.Host.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static async Task EndAsync(IReadOnlyList<Process> processes)
    {
        await ProcessTree.EndAsync(processes, Test);
        foreach (var process in processes)
            process.Dispose();
    }
}
