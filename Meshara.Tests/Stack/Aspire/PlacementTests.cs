using Meshara.AppHost.Plan;
using Meshara.Harness;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Stack.Aspire;

/// <summary>The decision where each server runs, made before the model is built.</summary>
public sealed class PlacementTests : IDisposable
{
    private const string NoEngine = "no container engine answers";

    private readonly TemporaryFolder _folder = new();
    private readonly PortLease _lease = Ports.Lease(1, Random.Shared);

    [Fact]
    public void Everything_is_in_containers_where_an_engine_listens() =>
        Assert.All(Decide(noContainers: null).Values, place => Assert.IsType<Placement.Container>(place));

    [Fact]
    public void What_a_missing_package_describes_is_missing_and_what_needs_it_too()
    {
        var places = Decide(noContainers: null, hasPackages: false);

        Assert.Equal(["elasticsearch", "elasticsearch-exporter", "kibana", "filebeat"], places.Where(place => place.Value is Placement.Missing).Select(place => place.Key.Name));
        Assert.Equal(new Placement.Missing("it needs elasticsearch"), places[StackPart.Kibana]);
        Assert.StartsWith("its package could not be restored, and no program elasticsearch is installed (", Missing(places, StackPart.Elasticsearch), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_engine_installed_programs_run()
    {
        var program = Install("prometheus");

        var places = Decide(NoEngine);

        Assert.Equal(new Placement.Program(program), places[StackPart.Prometheus]);
        Assert.Equal("no container engine answers, and no program alertmanager is installed (apt-get install prometheus-alertmanager)", Missing(places, StackPart.Alertmanager));
    }

    [Fact]
    public void A_program_can_be_named_that_is_not_on_the_path()
    {
        var program = Install("another-name");

        Assert.Equal(new Placement.Program(program), Decide(NoEngine, variables: ("MESHARA_GRAFANA", program))[StackPart.Grafana]);
        var exception = Assert.Throws<StackException>(() => Decide(NoEngine, variables: ("MESHARA_GRAFANA", "/nowhere")));
        Assert.Equal((ExitCodes.Usage, "MESHARA_GRAFANA names /nowhere, which is not there."), (exception.ExitCode, exception.Message));
    }

    [Fact]
    public void A_program_whose_port_is_taken_is_left_out()
    {
        Install("prometheus");
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, _lease.Ports.Prometheus);
        listener.Start();

        Assert.Equal($"port {_lease.Ports.Prometheus} is taken; choose others with --port-base P or --ports auto", Missing(Decide(NoEngine), StackPart.Prometheus));
    }

    [Fact]
    public void What_is_left_out_has_no_place() => Assert.DoesNotContain(StackPart.Jaeger, Decide(NoEngine, without: ["jaeger"]).Keys);

    public void Dispose()
    {
        _lease.Dispose();
        _folder.Dispose();
    }

    private string Install(string name)
    {
        var path = _folder.File(name + (OperatingSystem.IsWindows() ? ".exe" : ""));
        File.WriteAllText(path, "");
        return path;
    }

    private IReadOnlyDictionary<StackPart, Placement> Decide(
        string? noContainers, bool hasPackages = true, string[]? without = null, (string Name, string Value) variables = default) =>
        Placement.Decide(StackPart.Without(without ?? []), noContainers, hasPackages, _lease.Ports,
            name => name == "PATH" ? _folder.Path : name == variables.Name ? variables.Value : null);

    private static string Missing(IReadOnlyDictionary<StackPart, Placement> places, StackPart part) => Assert.IsType<Placement.Missing>(places[part]).Reason;
}
