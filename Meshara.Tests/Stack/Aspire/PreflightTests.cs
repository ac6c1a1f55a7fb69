using System.Net;
using System.Net.Sockets;
using Meshara.AppHost.Preflight;
using Meshara.AppHost.Plan;
using Meshara.Harness;
using Meshara.Tests.Stack.Deploy;
using Meshara.Tests.Stack.Local;
using MeshStack = Meshara.Harness.Stack;

namespace Meshara.Tests.Stack.Aspire;

/// <summary>Invalid input is reported in one line, with the remedy, before anything is started.</summary>
public sealed class PreflightTests : IDisposable
{
    private static readonly HashSet<string> NothingRuns = [];

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Containers_that_are_asked_for_need_an_engine()
    {
        var (exitCode, output) = await RunAsync(["--ports", "auto", "--servers", "containers"]);

        Assert.Equal(ExitCodes.Unfit, exitCode);
        Assert.Contains("Servers cannot run in containers: no container engine answers (docker:", output, StringComparison.Ordinal);
        Assert.Contains("--servers programs", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "node-1")));
    }

    [Fact]
    public async Task A_parameter_that_is_set_to_nothing_is_named()
    {
        var (exitCode, output) = await RunAsync(["--ports", "auto", "--servers", "containers"], ("Parameters__grafana_password", ""));

        Assert.Contains("The parameter grafana-password has no value: set Parameters__grafana_password", output, StringComparison.Ordinal);
        Assert.NotEqual(ExitCodes.Success, exitCode);
    }

    [Fact]
    public async Task A_program_that_is_named_but_not_there_is_an_error()
    {
        var (exitCode, output) = await RunAsync(["--ports", "auto"], ("MESHARA_GRAFANA", "/nowhere/grafana"));

        Assert.Equal((ExitCodes.Usage, "meshara-apphost: MESHARA_GRAFANA names /nowhere/grafana, which is not there."), (exitCode, output));
    }

    [Fact]
    public void A_busy_port_is_named_with_what_it_is_for()
    {
        using var lease = Ports.Lease(1, Random.Shared);
        var plan = Plan(ports: lease.Ports);
        using var listener = new TcpListener(IPAddress.Loopback, plan.Stack.Ports.Grafana);
        listener.Start();

        var finding = Assert.Single(PortsCheck.Find(plan, NothingRuns));

        Assert.Equal(ExitCodes.PortTaken, finding.ExitCode);
        Assert.StartsWith($"Taken: port {plan.Stack.Ports.Grafana} (grafana http). Stop what listens there, or choose other ports", finding.Line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_container_of_this_mesh_that_stayed_up_may_hold_its_port()
    {
        using var lease = Ports.Lease(1, Random.Shared);
        var plan = Plan(ports: lease.Ports);
        using var listener = new TcpListener(IPAddress.Loopback, plan.Stack.Ports.Elasticsearch);
        listener.Start();

        Assert.Empty(PortsCheck.Find(plan, new HashSet<string> { plan.Named("elasticsearch") }));
    }

    [Theory]
    [InlineData(65_530, true)]
    [InlineData(262_144, false)]
    [InlineData(null, false)]
    public void The_kernels_limit_of_memory_areas_is_looked_at(int? current, bool isFound)
    {
        var findings = MapCountCheck.Find(Plan(), current);

        Assert.Equal(isFound ? [$"vm.max_map_count is {current}, and Elasticsearch needs 262144: sudo sysctl -w vm.max_map_count=262144, or leave it out with --without elasticsearch."] : [],
            findings.Select(finding => finding.Line));
        Assert.Empty(MapCountCheck.Find(Plan("elasticsearch"), current));
    }

    [Fact]
    public void Too_little_memory_is_told_with_what_to_leave_out()
    {
        var finding = Assert.Single(MemoryCheck.Find(Plan(), availableMiB: 2048, NothingRuns));

        Assert.Contains("2.0 GiB of memory are free", finding.Line, StringComparison.Ordinal);
        Assert.Contains("--without elasticsearch,kibana,prometheus", finding.Line, StringComparison.Ordinal);
        Assert.Empty(MemoryCheck.Find(Plan("elasticsearch", "kibana", "filebeat", "grafana", "jaeger"), availableMiB: 2048, NothingRuns));
        var nodesAlone = Assert.Single(MemoryCheck.Find(Plan([.. StackPart.All.Select(part => part.Name)]), availableMiB: 512, NothingRuns));
        Assert.EndsWith("0.5 GiB of memory are free: close something or run fewer nodes.", nodesAlone.Line, StringComparison.Ordinal);
        Assert.Equal(22_183, MemoryCheck.LinuxAvailableMiB(["MemTotal:       24610000 kB", "MemAvailable:   22716168 kB"]));
    }

    [Fact]
    public void A_container_of_this_mesh_that_stayed_up_has_its_memory()
    {
        var plan = Plan();
        var needed = StackPart.All.Sum(part => part.MemoryMiB) + 640;

        Assert.Empty(MemoryCheck.Find(plan, needed, NothingRuns));
        Assert.Single(MemoryCheck.Find(plan, needed - StackPart.Elasticsearch.MemoryMiB, NothingRuns));
        Assert.Empty(MemoryCheck.Find(plan, needed - StackPart.Elasticsearch.MemoryMiB, new HashSet<string> { plan.Named("elasticsearch") }));
    }

    public void Dispose() => _folder.Dispose();

    private MeshPlan Plan(params string[] without) => Plan(StackPorts.Default, without);

    private MeshPlan Plan(StackPorts ports, params string[] without)
    {
        var parts = StackPart.Without(without);
        return new MeshPlan(
            MeshStack.Create(1, ports), new StackOptions { Parts = parts }, new StackFiles(_folder.Path), DeployFiles.Repository, Placement.AllContainers(parts));
    }

    private async Task<(int ExitCode, string Output)> RunAsync(string[] options, params (string Name, string Value)[] environment)
    {
        var start = HostProgram.Start(HostProgram.Host, ["--data", _folder.Path, "--stop-with-input", .. options]);
        // Outside Development, nothing is stored in the developer's user secrets.
        start.Environment["DOTNET_ENVIRONMENT"] = "Production";
        start.Environment["DOCKER_HOST"] = "unix:///nonexistent.sock";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        await using var host = new RunningProgram(start);
        return (await host.ExitAsync(Test), host.Output);
    }
}
