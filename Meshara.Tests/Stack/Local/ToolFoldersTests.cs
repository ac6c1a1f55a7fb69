using System.Text.Json.Nodes;
using Meshara.Harness;
using Meshara.Harness.Monitoring;
using Meshara.Harness.Processes;
using YamlDotNet.RepresentationModel;
using MeshStack = Meshara.Harness.Stack;

namespace Meshara.Tests.Stack.Local;

public sealed class ToolFoldersTests : IDisposable
{
    private const string Mail = "127.0.0.1:1025";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Prometheus_finds_the_projects_configuration_as_it_is_beside_generated_targets()
    {
        var to = _folder.File("prometheus");
        PrometheusFolder.Write(HostProgram.Alerts, to, MeshStack.Create(2, StackPorts.Default), "127.0.0.1", "127.0.0.1:9090", "127.0.0.1:9093");

        Assert.Equal(File.ReadAllText(Path.Combine(HostProgram.Alerts, "prometheus.yml")), File.ReadAllText(Path.Combine(to, "prometheus.yml")));
        Assert.Equal(
            """[{"targets":["127.0.0.1:9465"],"labels":{"cluster":"local","node":"node-1"}},{"targets":["127.0.0.1:9466"],"labels":{"cluster":"local","node":"node-2"}}]""",
            Json(to, "meshara.json"));
        Assert.Equal("""[{"targets":["127.0.0.1:9090"],"labels":{"cluster":"local"}}]""", Json(to, "prometheus.json"));
        Assert.Equal("""[{"targets":["127.0.0.1:9093"],"labels":{"cluster":"local"}}]""", Json(to, "alertmanager.json"));
    }

    [Fact]
    public void Without_an_Alertmanager_its_targets_are_empty()
    {
        var to = _folder.File("prometheus");
        PrometheusFolder.Write(HostProgram.Alerts, to, MeshStack.Create(1, StackPorts.Default), "127.0.0.1", "127.0.0.1:9090", alertmanager: null);

        Assert.Equal("[]", Json(to, "alertmanager.json"));
    }

    [Fact]
    public void A_server_that_runs_is_a_target_and_one_that_is_left_out_is_none()
    {
        var to = _folder.File("prometheus");
        PrometheusFolder.Write(
            HostProgram.Alerts, to, MeshStack.Create(1, StackPorts.Default), "127.0.0.1", "127.0.0.1:9090", "127.0.0.1:9093",
            ("jaeger", "127.0.0.1:8889"), ("jaeger", "127.0.0.1:8888"), ("grafana", "127.0.0.1:3000"));

        Assert.Equal(
            """[{"targets":["127.0.0.1:8889"],"labels":{"cluster":"local"}},{"targets":["127.0.0.1:8888"],"labels":{"cluster":"local"}}]""",
            Json(to, "jaeger.json"));
        Assert.Equal("""[{"targets":["127.0.0.1:3000"],"labels":{"cluster":"local"}}]""", Json(to, "grafana.json"));
        Assert.Equal("[]", Json(to, "elasticsearch.json"));
    }

    [Fact]
    public void Every_file_that_prometheus_yml_names_is_in_its_folder()
    {
        var to = _folder.File("prometheus");
        PrometheusFolder.Write(HostProgram.Alerts, to, MeshStack.Create(1, StackPorts.Default), "127.0.0.1", "127.0.0.1:9090", null);
        var yaml = new YamlStream();
        using (var reader = File.OpenText(Path.Combine(to, "prometheus.yml")))
            yaml.Load(reader);

        var files = yaml.Documents[0].AllNodes.OfType<YamlMappingNode>()
            .Where(node => node.Children.ContainsKey("files"))
            .SelectMany(node => ((YamlSequenceNode)node["files"]).Select(file => ((YamlScalarNode)file).Value!))
            .ToList();
        Assert.Contains("targets/meshara.json", files);
        Assert.All(files, file => Assert.True(File.Exists(Path.Combine(to, file)), file));
    }

    [Fact]
    public void Rules_of_an_earlier_run_do_not_stay()
    {
        var alerts = Alerts(("prometheus.yml", ""), ("rules/new.yml", "new"));
        var to = _folder.File("prometheus");
        Directory.CreateDirectory(Path.Combine(to, "rules"));
        File.WriteAllText(Path.Combine(to, "rules", "old.yml"), "old");

        PrometheusFolder.Write(alerts, to, MeshStack.Create(1, StackPorts.Default), "127.0.0.1", "127.0.0.1:9090", null);

        Assert.Equal(["new.yml"], Directory.GetFiles(Path.Combine(to, "rules")).Select(Path.GetFileName));
    }

    [Fact]
    public void Without_a_folder_for_secrets_nobody_is_notified_and_with_one_everybody_is()
    {
        const string configuration = """
            global:
              smtp_smarthost: mailpit:1025
            receivers:
              - name: pager
                pagerduty_configs:
                  - routing_key_file: secrets/pagerduty
              - name: mail
                email_configs:
                  - to: team@example.org
            """;
        var alerts = Alerts(("alertmanager.yml", configuration));
        var to = _folder.File("alertmanager");

        Assert.Empty(AlertmanagerFolder.Write(alerts, to, Mail));
        var written = File.ReadAllText(Path.Combine(to, "alertmanager.yml"));
        Assert.DoesNotContain("routing_key_file", written, StringComparison.Ordinal);
        Assert.Contains("name: pager", written, StringComparison.Ordinal);
        Assert.Contains("to: team@example.org", written, StringComparison.Ordinal);

        Directory.CreateDirectory(Path.Combine(to, "secrets"));
        File.WriteAllText(Path.Combine(to, "secrets/pagerduty"), "key");
        Assert.Equal([Path.Combine(to, "secrets/pagerduty")], AlertmanagerFolder.Write(alerts, to, Mail));
        Assert.Contains("routing_key_file: secrets/pagerduty", File.ReadAllText(Path.Combine(to, "alertmanager.yml")), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_somebody_is_to_be_notified_every_secret_that_is_not_there_is_named_and_nothing_is_written()
    {
        const string configuration = """
            receivers:
              - name: all
                pagerduty_configs:
                  - routing_key_file: secrets/given
                  - routing_key_file: secrets/empty
                  - routing_key_file: secrets/folder
                  - routing_key_file: secrets/missing
            """;
        var alerts = Alerts(("alertmanager.yml", configuration));
        var to = _folder.File("alertmanager");
        string In(string name) => Path.Combine(to, "secrets", name);
        Directory.CreateDirectory(In("folder"));
        File.WriteAllText(In("given"), "key");
        File.WriteAllText(In("empty"), "\n");

        var exception = Assert.Throws<StackException>(() => AlertmanagerFolder.Write(alerts, to, Mail));

        Assert.Equal(ExitCodes.Usage, exception.ExitCode);
        Assert.StartsWith($"Alertmanager cannot notify: {In("empty")} is empty; {In("folder")} cannot be read (", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith($"; {In("missing")} is missing. Put every secret there, or remove {Path.Combine(to, "secrets")} to notify nobody.", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
        Assert.False(File.Exists(Path.Combine(to, "alertmanager.yml")));
    }

    [Fact]
    public void Where_there_is_a_folder_for_secrets_every_one_has_to_be_there()
    {
        var folder = _folder.File("alertmanager");
        Assert.Empty(AlertmanagerFolder.RequireSecrets(HostProgram.Alerts, folder));

        Directory.CreateDirectory(Path.Combine(folder, "secrets"));
        Assert.Throws<StackException>(() => AlertmanagerFolder.RequireSecrets(HostProgram.Alerts, folder));
        foreach (var secret in (string[])["pagerduty_routing_key", "smtp_password"])
            File.WriteAllText(Path.Combine(folder, "secrets", secret), "secret");
        Assert.Equal(2, AlertmanagerFolder.RequireSecrets(HostProgram.Alerts, folder).Count);

        // The file is optional, but must not be empty.
        File.WriteAllText(Path.Combine(folder, AlertmanagerFolder.SwitchAddress), "\n");
        var exception = Assert.Throws<StackException>(() => AlertmanagerFolder.RequireSecrets(HostProgram.Alerts, folder));
        Assert.Contains("dead_mans_switch_url is empty", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mail_goes_to_the_catcher_of_this_machine_where_no_network_names_it()
    {
        var alerts = Alerts(("alertmanager.yml", "global:\n  smtp_smarthost: mailpit:1025 # caught\n  smtp_from: mailpit:1025\n"));
        var to = _folder.File("alertmanager");

        Assert.Empty(AlertmanagerFolder.Write(alerts, to, Mail));

        Assert.Equal("global:\n  smtp_smarthost: 127.0.0.1:1025 # caught\n  smtp_from: mailpit:1025\n", File.ReadAllText(Path.Combine(to, "alertmanager.yml")));
    }

    [Fact]
    public void Secrets_are_the_files_that_settings_name() => Assert.Equal(
        ["a", "b c", "/run/d", "e"],
        AlertmanagerFolder.SecretFiles("""
            global:
              smtp_auth_password_file: a # why
            # routing_key_file: commented/out
            receivers:
              - x_configs:
                - url_file: "b c"
                  routing_key_file: '/run/d'
                  api_url: http://example.com/file
                  credentials_file: e
                  auth_password_file: a
            """));

    [Fact]
    public void An_installed_tool_is_found_under_the_name_Debian_gives_it()
    {
        var extension = OperatingSystem.IsWindows() ? ".exe" : "";
        File.WriteAllText(_folder.File("prometheus-alertmanager" + extension), "");

        Assert.Equal(_folder.File("prometheus-alertmanager" + extension), ToolPath.Find($"/nowhere{Path.PathSeparator}{_folder.Path}", "alertmanager", "prometheus-alertmanager"));
        Assert.Null(ToolPath.Find(null, "alertmanager"));
    }

    public void Dispose() => _folder.Dispose();

    private static string Json(string folder, string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "targets", name)))!.ToJsonString();

    private string Alerts(params (string Name, string Text)[] files)
    {
        var alerts = _folder.File("alerts");
        Directory.CreateDirectory(alerts);
        foreach (var (name, text) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(alerts, name))!);
            File.WriteAllText(Path.Combine(alerts, name), text);
        }

        return alerts;
    }
}
