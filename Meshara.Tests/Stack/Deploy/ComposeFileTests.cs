using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Meshara.AppHost.Plan;
using Meshara.Harness;
using YamlDotNet.RepresentationModel;
using MeshStack = Meshara.Harness.Stack;

namespace Meshara.Tests.Stack.Deploy;

/// <summary>The compose file itself: strictly parsed, and compared with the model and the files of the repository.</summary>
public sealed partial class ComposeFileTests
{
    private const string Setup = "log-setup", Cleaner = "trace-cleaner";

    private static readonly YamlMappingNode File = DeployFiles.ReadCompose();
    private static readonly IReadOnlyDictionary<string, YamlNode> Services = File.Member("services").Members();
    private static readonly MeshStack Stack = MeshStack.Create(new StackOptions().Nodes, StackPorts.Default);

    private static readonly string Mounted = Path.Combine(DeployFiles.Compose, "prometheus");

    private static readonly Dictionary<string, string> Configs = File.Member("configs").Members()
        .ToDictionary(config => config.Key, config => config.Value.Member("content").Text());

    [Fact]
    public void It_has_every_node_and_every_part_of_the_stack_and_nothing_else() => Assert.Equal(
        Stack.Nodes.Select(node => node.Name).Concat(StackPart.All.Select(part => part.Name)).Concat([Setup, Cleaner]).Order(StringComparer.Ordinal),
        Services.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Every_image_is_the_pinned_one()
    {
        Assert.Equal(
            StackPart.All.Select(part => (part.Name, $"{part.Image}")).Order(),
            StackPart.All.Select(part => (part.Name, Services[part.Name].Member("image").Text())).Order());
        Assert.Equal($"{ContainerImage.Elasticsearch}", Services[Setup].Member("image").Text());
        Assert.Equal($"{ContainerImage.JaegerCleaner}", Services[Cleaner].Member("image").Text());
        Assert.All(Stack.Nodes, node => Assert.Equal($"${{MESHARA_NODE_IMAGE:-{ContainerImage.Node}}}", Services[node.Name].Member("image").Text()));
    }

    [Fact]
    public void Every_port_is_the_models_and_for_this_machine_alone()
    {
        string[] Published(string name) => [.. Services[name].Member("ports").Items().Select(port => port.Text())];
        Assert.All(StackPart.All, part => Assert.Equal(
            part.Endpoints.Select(endpoint => $"127.0.0.1:{endpoint.HostPort(StackPorts.Default)}:{endpoint.Port}"), Published(part.Name)));
        Assert.All(Stack.Nodes, node => Assert.Equal([$"127.0.0.1:{node.HttpPort}:8080"], Published(node.Name)));
    }

    [Fact]
    public void A_node_asks_itself_whether_it_is_ready_without_a_native_program() => Assert.All(Stack.Nodes, node => Assert.Equal(
        ["CMD", "dotnet", "/app/meshara.dll", "probe"],
        Services[node.Name].Member("healthcheck")!.Member("test").Items().Select(word => word.Text())));

    [Fact]
    public void Links_lead_to_the_published_page_or_to_where_a_proxy_serves_it() => Assert.All((StackPart[])
    [
        StackPart.Prometheus, StackPart.Alertmanager,
    ], part => Assert.Contains(
        $"--web.external-url=${{{part.Name.ToUpperInvariant()}_EXTERNAL_URL:-http://127.0.0.1:{part.Endpoints.Single().Port}}}",
        Services[part.Name].Member("command").Items().Select(argument => argument.Text())));

    [Fact]
    public void Every_service_restarts_is_limited_and_tells_whether_it_is_well() => Assert.All(Services, service =>
    {
        var (name, node) = service;
        Assert.Equal(name == Setup ? "on-failure" : "unless-stopped", node.Member("restart").Text());
        var limits = node.Member("deploy")!.Member("resources")!.Member("limits").Members();
        Assert.Equal(["cpus", "memory"], limits.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(name is not (Setup or Cleaner), node.Member("healthcheck") is not null);
        Assert.Equal(["no-new-privileges:true"], node.Member("security_opt").Items().Select(option => option.Text()));
        Assert.NotNull(node.Member("logging")!.Member("options")!.Member("max-size"));
        if (StackPart.All.FirstOrDefault(part => part.Name == name) is { } part)
            Assert.Equal($"{part.MemoryMiB}M", limits["memory"].Text());
    });

    [Fact]
    public void A_node_may_write_its_own_folders_only() => Assert.All(Stack.Nodes, node =>
    {
        var service = Services[node.Name];
        Assert.Equal("true", service.Member("read_only").Text());
        Assert.Equal(["ALL"], service.Member("cap_drop").Items().Select(capability => capability.Text()));
        Assert.Null(service.Member("user"));
        Assert.Equal(["/home/app", "/var/log/meshara"], service.Member("volumes").Items().Select(volume => volume.Member("target").Text()));
        Assert.Contains($"{node.Name}-data", service.Member("volumes").Items().Select(volume => volume.Member("source").Text()));
    });

    [Fact]
    public void Configuration_is_carried_along_exactly_as_it_is_in_the_repository()
    {
        (string Service, string Folder, string Source)[] expected =
        [
            ("prometheus", "/etc/prometheus", "alerts/prometheus.yml"),
            ("prometheus", "/etc/prometheus/rules", "alerts/rules"),
            ("alertmanager", "/etc/alertmanager", "alerts/alertmanager.yml"),
            ("alertmanager", "/etc/alertmanager/templates", "alerts/templates"),
            ("jaeger", "/etc/jaeger", "tracing/jaeger.yaml"),
            ("jaeger", "/etc/jaeger", "tracing/ui.json"),
            ("filebeat", "/usr/share/filebeat", "logging/filebeat.yml"),
            (Setup, "/setup", "logging"),
            (Cleaner, "/clean", "tracing/clean.sh"),
            ("grafana", "/etc/grafana/provisioning", "dashboards/provisioning"),
        ];
        foreach (var (service, folder, source) in expected)
        {
            var path = Path.Combine(DeployFiles.Repository, source);
            string[] files = System.IO.File.Exists(path) ? [path] : Directory.GetFiles(path, "*", SearchOption.AllDirectories);
            Assert.NotEmpty(files);
            foreach (var file in files)
            {
                var target = System.IO.File.Exists(path) ? $"{folder}/{Path.GetFileName(file)}" : $"{folder}/{Path.GetRelativePath(path, file).Replace('\\', '/')}";
                Assert.Equal(System.IO.File.ReadAllText(file).ReplaceLineEndings("\n"), Content(service, target));
            }
        }

        var dashboards = Directory.GetFiles(Path.Combine(DeployFiles.Repository, "dashboards"), "*.json");
        Assert.All(dashboards, file => Assert.Equal(System.IO.File.ReadAllText(file).ReplaceLineEndings("\n"), Content("grafana", $"/etc/grafana/dashboards/{Path.GetFileName(file)}")));
    }

    [Fact]
    public void Whatever_a_service_refers_to_is_in_the_file()
    {
        var volumes = File.Member("volumes").Members();
        Assert.All(Services.Values, service =>
        {
            Assert.All(service.Member("configs").Items(), config => Assert.Contains(config.Member("source").Text(), Configs.Keys));
            Assert.All(service.Member("volumes").Items(), volume =>
            {
                var source = volume.Member("source").Text();
                Assert.True(volume.Member("type").Text() == "volume" ? volumes.ContainsKey(source) : source == "./prometheus");
            });
            Assert.All(service.Member("depends_on").Members().Keys, other => Assert.Contains(other, Services.Keys));
            Assert.Null(service.Member("env_file"));
            Assert.Null(service.Member("build"));
        });
        Assert.Equal("tmpfs", volumes["logs"].Member("driver_opts")!.Member("type").Text());
    }

    [Fact]
    public void Services_wait_for_the_health_of_what_they_need()
    {
        string Condition(string service, string other) => Services[service].Member("depends_on")!.Member(other)!.Member("condition").Text();
        Assert.Equal("service_healthy", Condition("kibana", "elasticsearch"));
        Assert.Equal("service_healthy", Condition("jaeger", "elasticsearch"));
        Assert.Equal("service_completed_successfully", Condition("filebeat", Setup));
        // Other services wait for nothing: a mesh comes up without any one of its nodes, and the monitoring is there to report it.
        Assert.All([.. Stack.Nodes.Select(node => node.Name), "prometheus", "alertmanager", "mailpit", "grafana"],
            name => Assert.Empty(Services[name].Member("depends_on").Members()));
    }

    [Fact]
    public void Every_node_can_join_through_two_others() => Assert.All(Stack.Nodes, node =>
    {
        var environment = Services[node.Name].Member("environment").Members();
        var peers = environment["Mesh__Bootstrap"].Text().Replace("meshara://", "", StringComparison.Ordinal).Split(',');
        Assert.Equal(2, peers.Length);
        Assert.DoesNotContain(node.Name, peers);
        Assert.All(peers, peer => Assert.Equal($"tcp://{peer}:8443", environment[$"services__{peer}__mesh__0"].Text()));
    });

    [Fact]
    public void Whatever_a_service_reads_is_part_of_its_definition() => Assert.All(Services.Values, service =>
    {
        if (service.Member("configs").Items().Count == 0)
            return;
        // Compose compares definitions, so the hash makes `up` recreate a service whose configuration has changed.
        var contents = string.Join('\n', service.Member("configs").Items().Select(config => Configs[config.Member("source").Text()]));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(contents)));
        Assert.StartsWith(service.Member("labels")!.Member("org.meshara.configuration").Text(), hash, StringComparison.Ordinal);
        var environment = service.Member("environment").Members();
        Assert.All(Expression().Matches(contents).Select(match => match.Groups), variable =>
            Assert.Equal(variable["all"].Value, environment[variable["name"].Value].Text()));
    });

    [Fact]
    public void What_need_not_be_set_has_the_default_that_the_example_names()
    {
        var text = System.IO.File.ReadAllText(Path.Combine(DeployFiles.Compose, "docker-compose.yaml"));
        var defaults = Expression().Matches(text).Select(match => match.Groups).Where(variable => variable["default"].Success)
            .Select(variable => $"#{variable["name"].Value}={variable["default"].Value}").Distinct().Order(StringComparer.Ordinal);
        var example = System.IO.File.ReadAllLines(Path.Combine(DeployFiles.Compose, "env.example"));
        Assert.Equal(defaults, example.Where(line => Commented().IsMatch(line)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_secret_is_in_it_and_each_is_asked_for_by_name()
    {
        var values = Services.Values.SelectMany(service => service.Member("environment").Members())
            .Where(variable => SecretName().IsMatch(variable.Key)).Select(variable => variable.Value.Text())
            .Concat(Configs.Where(config => config.Key is "alertmanager_smtp_password" or "alertmanager_pagerduty_routing_key").Select(config => config.Value))
            .ToList();
        Assert.NotEmpty(values);
        Assert.All(values, value => Assert.Matches(@"\A\$\{[A-Z_]+:\?[^}]+\}\z", value));

        var asked = values.Select(value => Variable().Match(value).Groups[1].Value).Distinct().Order(StringComparer.Ordinal);
        var example = System.IO.File.ReadAllLines(Path.Combine(DeployFiles.Compose, "env.example")).Where(line => line.Length > 0 && line[0] != '#').ToList();
        Assert.Equal(asked.Select(name => name + "="), example.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Nothing_in_it_belongs_to_the_machine_that_wrote_it()
    {
        var text = System.IO.File.ReadAllText(Path.Combine(DeployFiles.Compose, "docker-compose.yaml"));
        Assert.DoesNotContain(DeployFiles.Repository, text, StringComparison.Ordinal);
        Assert.DoesNotContain(":latest", text, StringComparison.Ordinal);
        Assert.DoesNotContain("docker.sock", text, StringComparison.Ordinal);
        var entries = Directory.GetFileSystemEntries(DeployFiles.Compose).Select(Path.GetFileName);
        Assert.Equal(["docker-compose.yaml", "env.example", "prometheus"], entries.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_node_is_scraped_under_its_name() => Assert.All(Stack.Nodes, node =>
    {
        var targets = Content("prometheus", "/etc/prometheus/targets/meshara.json");
        Assert.Matches($"\"{node.Name}:9090\"[^}}]*\"cluster\": \"compose\",\\s*\"node\": \"{node.Name}\"", targets);
    });

    [Fact]
    public void A_dead_mans_switch_is_told_where_the_environment_has_its_address() =>
        Assert.Single(Configs.Values, content => content.Contains(SwitchSetting, StringComparison.Ordinal));

    // What the container sees at a path: a mounted folder, or a config, in which compose turns $$ into $ and applies defaults.
    private static string Content(string service, string target)
    {
        if (service == "prometheus")
            return System.IO.File.ReadAllText(Path.Combine(Mounted, Path.GetRelativePath("/etc/prometheus", target)));
        var config = Assert.Single(Services[service].Member("configs").Items(), config => config.Member("target").Text() == target);
        var content = Configs[config.Member("source").Text()].Replace(SwitchSetting, SwitchComment, StringComparison.Ordinal);
        content = Expression().Replace(content, match => match.Groups["before"].Value + match.Groups["default"].Value);
        Assert.DoesNotMatch(@"(?<!\$)(\$\$)*\$(?!\$)", content);
        return content.Replace("$$", "$", StringComparison.Ordinal);
    }

    private const string SwitchSetting = """
            webhook_configs:
              ${DEAD_MANS_SWITCH_URL:+- url: '${DEAD_MANS_SWITCH_URL:-}'}
                ${DEAD_MANS_SWITCH_URL:+send_resolved: false}

        """;

    private const string SwitchComment = """
            # webhook_configs:
            #   - url_file: secrets/dead_mans_switch_url
            #     send_resolved: false

        """;

    [GeneratedRegex("PASSWORD|[Tt]oken|TOKEN|SECRET|_KEY")]
    private static partial Regex SecretName();

    [GeneratedRegex(@"\$\{([A-Z_]+)")]
    private static partial Regex Variable();

    // ${NAME:-default} or ${NAME:?why}; with a doubled dollar sign it is text.
    [GeneratedRegex(@"(?<!\$)(?<before>(\$\$)*)(?<all>\$\{(?<name>[A-Z_]+):(-(?<default>[^}]*)|\?[^}]*)\})")]
    private static partial Regex Expression();

    [GeneratedRegex("^#[A-Z_]+=")]
    private static partial Regex Commented();
}
