using Meshara.AppHost.Plan;
using Meshara.Harness;
using Microsoft.Extensions.Configuration;

namespace Meshara.Tests.Stack.Aspire;

public sealed class StackCommandLineTests
{
    [Fact]
    public void Without_options_five_nodes_run_until_stopped() => Assert.Equal(
        new StackOptions { Nodes = 5, Traffic = 10, For = null, PortBase = null, AutoPorts = false, Data = ".meshara" },
        Read(""));

    [Fact]
    public void Every_option_is_read_from_the_command_line() => Assert.Equal(
        new StackOptions
        {
            Nodes = 3,
            Traffic = 2.5,
            For = TimeSpan.FromMinutes(5),
            PortBase = 21_000,
            Data = "d",
            Endpoints = "e.json",
            Report = "r.json",
            Servers = ServerChoice.Programs,
            Target = ExportTarget.Kubernetes,
            NodeImage = new ImageReference("registry.example.org/node", "1.0", ""),
            Namespace = "mesh-1",
            Values = "v.yaml",
            StopWithInput = true,
        },
        Read("--target kubernetes --node-image registry.example.org/node:1.0 --namespace mesh-1 --values v.yaml "
            + "--nodes 3 --traffic 2.5 --for 5m --port-base 21000 --data d --endpoints e.json --report r.json --servers programs --stop-with-input"));

    [Fact]
    public void Every_value_can_come_from_the_environment_too() => Assert.Equal(
        new StackOptions { Nodes = 7, Traffic = 0, For = TimeSpan.FromSeconds(30), PortBase = 21_000, Data = "d", Endpoints = "e", Report = "r" },
        Read("", ("NODES", "7"), ("TRAFFIC", "0"), ("FOR", "30s"), ("PORT_BASE", "21000"), ("DATA", "d"), ("ENDPOINTS", "e"), ("REPORT", "r")));

    [Fact]
    public void The_command_line_beats_the_environment_and_that_beats_the_file()
    {
        (string, string)[] settings = [("NODES", "7"), ("Stack:Nodes", "9"), ("Stack:Traffic", "1"), ("TRAFFIC", "2")];

        Assert.Equal((3, 2d), (Read("--nodes 3", settings).Nodes, Read("--nodes 3", settings).Traffic));
        Assert.Equal(7, Read("", settings).Nodes);
        Assert.Equal(9, Read("", ("Stack:Nodes", "9")).Nodes);
    }

    [Fact]
    public void Automatic_ports_on_the_command_line_beat_a_port_base_of_the_environment()
    {
        var options = Read("--ports auto", ("PORT_BASE", "21000"));

        Assert.True(options.AutoPorts);
        Assert.Null(options.PortBase);
        Assert.Equal(22_000, Read("--port-base 22000", ("PORTS", "auto")).PortBase);
    }

    [Theory]
    [InlineData("--operation publish --step deploy --clear-cache true --output-path d --nodes 3")]
    [InlineData("--operation publish --step destroy --yes true --nodes 3")]
    [InlineData("--operation=publish --step=deploy --clear-cache --nodes 3")]
    [InlineData("--operation publish --list-steps --nodes 3")]
    public void What_Aspires_command_line_passes_goes_to_Aspire(string arguments)
    {
        var split = AspireArguments.Split(arguments.Split(' '));
        Assert.Equal(["--nodes", "3"], split.Own);
        Assert.Equal(arguments, string.Join(' ', [.. split.Aspire, .. split.Own]));
        Assert.True(split.Publishes);
    }

    [Fact]
    public void What_is_left_out_takes_with_it_what_is_of_no_use_then()
    {
        Assert.Equal(
            ["alertmanager", "grafana", "jaeger", "prometheus"],
            Read("--without elasticsearch,mailpit").Parts.Select(part => part.Name).Order(StringComparer.Ordinal));
        Assert.Equal(StackPart.All.Count, Read("").Parts.Count);
    }

    [Theory]
    [InlineData("--nodes 0", "--nodes must be a whole number from 1 to 50, but is '0'.")]
    [InlineData("--nodes 51", "--nodes must be a whole number from 1 to 50, but is '51'.")]
    [InlineData("--nodes five", "--nodes must be a whole number from 1 to 50, but is 'five'.")]
    [InlineData("--traffic -1", "--traffic must be a number from 0 to 10000, but is '-1'.")]
    [InlineData("--traffic NaN", "--traffic must be a number from 0 to 10000, but is 'NaN'.")]
    [InlineData("--for 10", "--for must be a duration such as 30s, 5m or 1h30m, up to 30 days, but is '10'.")]
    [InlineData("--port-base 80", "--port-base must be a whole number from 1024 to 65136, but is '80'.")]
    [InlineData("--port-base 65500", "--port-base must be a whole number from 1024 to 65136, but is '65500'.")]
    [InlineData("--ports 8000", "--ports must be auto, but is '8000'.")]
    [InlineData("--servers podman", "--servers must be containers or programs, but is 'podman'.")]
    [InlineData("--without kibana,fluentd", "--without must name parts out of mailpit, alertmanager, elasticsearch, elasticsearch-exporter, jaeger, kibana, filebeat, prometheus, grafana; there is no 'fluentd', but is 'kibana,fluentd'.")]
    [InlineData("--target swarm", "--target must be compose or kubernetes, but is 'swarm'.")]
    [InlineData("--target kubernetes --node-image meshara-node", "--node-image must be an image with a tag or digest, such as registry.example.org/meshara-node:0.1.0, but is 'meshara-node'.")]
    [InlineData("--node-image meshara-node:1.0", "--node-image is for --target kubernetes; for Compose set MESHARA_NODE_IMAGE.")]
    [InlineData("--namespace Mesh", "--namespace must be 1 to 63 small letters, digits and hyphens, with a letter or digit at both ends, but is 'Mesh'.")]
    [InlineData("--ports auto --port-base 2000", "Choose either --port-base or --ports, not both.")]
    public void A_wrong_value_gets_one_line_that_says_what_is_right(string arguments, string message)
    {
        var exception = Assert.Throws<StackException>(() => Read(arguments));

        Assert.Equal((ExitCodes.Usage, message), (exception.ExitCode, exception.Message));
    }

    [Theory]
    [InlineData("--bogus")]
    [InlineData("surplus")]
    [InlineData("--nodes")]
    [InlineData("--nodes 1 --nodes 2")]
    public void What_cannot_be_parsed_gets_one_line(string arguments)
    {
        var exception = Assert.Throws<StackException>(() => Read(arguments));

        Assert.Equal(ExitCodes.Usage, exception.ExitCode);
        Assert.EndsWith("See --help.", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Theory]
    [InlineData("meshara-node:1.0", "meshara-node", "1.0", "")]
    [InlineData("localhost:5000/a/meshara-node:1.0", "localhost:5000/a/meshara-node", "1.0", "")]
    [InlineData("r.example.org/n:v1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "r.example.org/n", "v1", "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void An_image_is_read_as_repository_tag_and_digest(string text, string repository, string tag, string digest) =>
        Assert.Equal(new ImageReference(repository, tag, digest), ImageReference.Parse(text));

    [Theory]
    [InlineData("localhost:5000/meshara-node")]
    [InlineData("meshara-node:")]
    [InlineData("-node:1.0")]
    [InlineData("node:1.0@sha256:1234")]
    [InlineData("node:1.0 --set=a=b")]
    public void An_image_without_tag_or_digest_is_refused(string text) => Assert.Null(ImageReference.Parse(text));

    [Fact]
    public void Any_image_may_be_named_for_Compose() => Assert.Null(Read("", ("NODE_IMAGE", "meshara-node")).NodeImage);

    [Fact]
    public void A_wrong_value_is_named_with_where_it_came_from()
    {
        Assert.StartsWith("MESHARA_NODES must", Assert.Throws<StackException>(() => Read("", ("NODES", "x"))).Message, StringComparison.Ordinal);
        Assert.StartsWith("Stack:PortBase must", Assert.Throws<StackException>(() => Read("", ("Stack:PortBase", "x"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_are_read_from_a_file_in_the_working_directory()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("appsettings.json"), """{ "Stack": { "Nodes": 4, "PortBase": 23000 } }""");
        var commandLine = new StackCommandLine();

        var options = commandLine.Read(commandLine.Command.Parse([]), StackCommandLine.Configuration(folder.Path));

        Assert.Equal((4, 23_000), (options.Nodes, options.PortBase));
    }

    [Fact]
    public void A_setting_that_the_host_does_not_know_is_named() => Assert.Equal(
        "Stack:Nodse is no setting of this host; see --help.", Assert.Throws<StackException>(() => Read("", ("Stack:Nodse", "5"))).Message);

    [Fact]
    public void A_settings_file_that_cannot_be_read_is_named()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("appsettings.json"), "{ nodes");

        var exception = Assert.Throws<StackException>(() => StackCommandLine.Configuration(folder.Path));

        Assert.Equal(ExitCodes.Usage, exception.ExitCode);
        Assert.Contains("appsettings.json", exception.Message, StringComparison.Ordinal);
    }

    private static StackOptions Read(string arguments, params (string Key, string Value)[] settings)
    {
        var commandLine = new StackCommandLine();
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .Build();
        return commandLine.Read(commandLine.Command.Parse(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)), configuration);
    }
}
