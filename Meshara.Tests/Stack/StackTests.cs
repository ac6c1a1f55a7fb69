using Meshara.AppHost.Plan;
using Meshara.Harness;
using MeshStack = Meshara.Harness.Stack;

namespace Meshara.Tests.Stack;

public sealed class StackTests
{
    [Fact]
    public void Nodes_listen_where_a_developer_expects_them()
    {
        var stack = MeshStack.Create(2, StackPorts.Default);

        Assert.Equal(
            [("node-1", 8444, 8081, 9465), ("node-2", 8445, 8082, 9466)],
            stack.Nodes.Select(node => (node.Name, node.MeshPort, node.HttpPort, node.MetricsPort)));
        Assert.Equal((9090, 9093), (stack.Ports.Prometheus, stack.Ports.Alertmanager));
    }

    [Fact]
    public void A_port_base_moves_every_port()
    {
        var stack = MeshStack.Create(2, StackPorts.From(20_000));

        Assert.Equal([(20_001, 20_101, 20_201), (20_002, 20_102, 20_202)], stack.Nodes.Select(node => (node.MeshPort, node.HttpPort, node.MetricsPort)));
        Assert.Equal((20_301, 20_302), (stack.Ports.Prometheus, stack.Ports.Alertmanager));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(StackPorts.MinBase)]
    [InlineData(StackPorts.MaxBase)]
    public void The_largest_mesh_uses_no_port_twice_and_none_that_does_not_exist(int? portBase)
    {
        var ports = portBase is { } value ? StackPorts.From(value) : StackPorts.Default;
        var used = MeshStack.Create(MeshStack.MaxNodes, ports).Nodes
            .SelectMany(node => (int[])[node.MeshPort, node.HiddenMeshPort, node.HttpPort, node.MetricsPort])
            .Concat(typeof(StackPorts).GetProperties()
                .Where(property => property.GetMethod is { IsStatic: false } && property.PropertyType == typeof(int))
                .Where(property => property.Name is not (nameof(StackPorts.Mesh) or nameof(StackPorts.Http) or nameof(StackPorts.Metrics)))
                .Select(property => (int)property.GetValue(ports)!))
            .ToList();

        Assert.Equal(218, used.Count);
        Assert.Equal(used.Count, used.Distinct().Count());
        Assert.All(used, port => Assert.InRange(port, portBase ?? 1024, portBase is { } low ? low + StackPorts.Span - 1 : 65535));
    }

    [Fact]
    public void Every_node_but_the_first_two_knows_two_ways_into_the_mesh()
    {
        var stack = MeshStack.Create(4, StackPorts.Default);

        Assert.Equal(
            ["", "meshara://node-1", "meshara://node-1 meshara://node-2", "meshara://node-1 meshara://node-2"],
            stack.Nodes.Select(node => string.Join(' ', node.Bootstrap)));
    }

    [Fact]
    public void Bootstrap_names_resolve_through_the_variables_of_service_discovery()
    {
        var stack = MeshStack.Create(3, StackPorts.Default);

        Assert.Empty(stack.DiscoveryVariables(stack.Nodes[0], _ => "127.0.0.1"));
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["services__node-1__mesh__0"] = "tcp://127.0.0.1:8444",
                ["services__node-2__mesh__0"] = "tcp://127.0.0.1:8445",
            },
            stack.DiscoveryVariables(stack.Nodes[2], _ => "127.0.0.1"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(MeshStack.MaxNodes + 1)]
    public void A_mesh_of_an_impossible_size_is_refused(int nodes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => MeshStack.Create(nodes, StackPorts.Default));

    [Fact]
    public void Every_image_is_pinned_to_a_version()
    {
        Assert.Equal(12, ContainerImage.All.Count);
        Assert.All(ContainerImage.All, image => Assert.Matches(@"^[a-z.]+/[a-z/-]+:v?[0-9]+\.[0-9]+\.[0-9]+$", image.ToString()));
        Assert.Single(new[] { ContainerImage.Elasticsearch, ContainerImage.Kibana, ContainerImage.Filebeat }.Select(image => image.Tag).Distinct());
    }

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("30s", 30)]
    [InlineData("5m", 300)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    public void Durations_are_read_as_people_type_them(string text, double seconds)
    {
        Assert.True(Duration.TryParse(text, out var duration), text);
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("0s")]
    [InlineData("-5s")]
    [InlineData("s")]
    [InlineData("1d")]
    [InlineData("5 m")]
    [InlineData("721h")]
    [InlineData("999999999h")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(Duration.TryParse(text, out _));

    [Fact]
    public void The_files_of_a_mesh_lie_in_its_folder()
    {
        var files = new StackFiles(Path.Combine(Path.GetTempPath(), "mesh"));
        string[] paths = [files.Lock, files.Logs, files.Prometheus, files.Alertmanager, files.Node("node-1"), files.Log("node-1")];

        Assert.Equal(paths.Length, paths.Distinct().Count());
        Assert.All(paths, path => Assert.StartsWith(files.Data + Path.DirectorySeparatorChar, path, StringComparison.Ordinal));
        Assert.Equal("node-1.log", Path.GetRelativePath(files.Logs, files.Log("node-1")));
    }
}
