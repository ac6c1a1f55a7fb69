using System.Text.RegularExpressions;
using Meshara.Harness.Monitoring;
using YamlDotNet.RepresentationModel;

namespace Meshara.Tests.Alerts;

public sealed partial class AlertmanagerTests
{
    private static readonly string Configuration = Path.Combine(AlertFiles.Alerts, "alertmanager.yml");

    [Fact]
    public void Grouping_and_timing_are_those_of_the_seed()
    {
        var route = Map(Root(), "route");
        Assert.Equal(
            ("team-pager", "10s", "5m", "12h"),
            (Text(route, "receiver"), Text(route, "group_wait"), Text(route, "group_interval"), Text(route, "repeat_interval")));
        Assert.Equal(["alertname", "cluster"], List(route, "group_by").Select(name => name.ToString()));
    }

    [Fact]
    public void Secrets_come_from_the_files_that_the_readme_names()
    {
        var text = File.ReadAllText(Configuration);
        var named = SecretFile().Matches(text).Select(match => match.Groups["path"].Value).Distinct().Order(StringComparer.Ordinal);
        var documented = DocumentedSecret().Matches(File.ReadAllText(Path.Combine(AlertFiles.Alerts, "README.md")))
            .Select(match => match.Groups["path"].Value).Distinct().Order(StringComparer.Ordinal);

        Assert.Equal(documented, named);
        // A literal key or password would have one of these names without the _file suffix.
        Assert.DoesNotMatch(@"(?m)^\s*-?\s*(routing_key|service_key|auth_password|auth_secret|password|bearer_token)\s*:", text);
    }

    [Fact]
    public void What_differs_between_places_is_in_one_line_each()
    {
        var text = File.ReadAllText(Configuration);
        Assert.Single(Regex.Matches(text, "(?m)^  smtp_smarthost: mailpit:1025$"));
        Assert.Single(Regex.Matches(text, "smarthost:"));
        Assert.Single(Regex.Matches(text, "pagerduty_url:"));
        Assert.Single(Regex.Matches(Templates(), "http://localhost:3000"));
    }

    [Fact]
    public void Every_template_that_is_used_is_defined_once()
    {
        var templates = Templates();
        var defined = Defined().Matches(templates).Select(match => match.Groups["name"].Value).ToArray();
        var used = Used().Matches(templates + File.ReadAllText(Configuration)).Select(match => match.Groups["name"].Value).Distinct().ToArray();

        Assert.Equal(defined.Order(StringComparer.Ordinal), used.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Routes_and_inhibitions_speak_of_alerts_that_exist()
    {
        var named = AlertnameMatcher().Matches(File.ReadAllText(Configuration)).SelectMany(match => match.Groups["names"].Value.Split('|')).ToArray();

        Assert.NotEmpty(named);
        Assert.Empty(named.Except(AlertFiles.AlertRules.Select(rule => rule.Alert!)));
    }

    [Fact]
    public void Whoever_is_told_of_Watchdog_is_told_again_within_minutes()
    {
        var route = List(Map(Root(), "route"), "routes").Cast<YamlMappingNode>().First(route => Text(route, "receiver") == "dead-mans-switch");
        Assert.Equal(("1m", "2m"), (Text(route, "group_interval"), Text(route, "repeat_interval")));
    }

    [Fact]
    public async Task With_its_address_the_dead_mans_switch_is_told_and_without_it_nobody_is()
    {
        using var folder = new TemporaryFolder();
        var without = Path.Combine(folder.Path, "without");
        AlertmanagerFolder.Write(AlertFiles.Alerts, without, "127.0.0.1:1025");
        Assert.DoesNotContain(
            "\n    webhook_configs:", await File.ReadAllTextAsync(Path.Combine(without, "alertmanager.yml"), TestContext.Current.CancellationToken), StringComparison.Ordinal);

        var with = Path.Combine(folder.Path, "with");
        Directory.CreateDirectory(Path.Combine(with, "secrets"));
        foreach (var (secret, value) in new[] { ("pagerduty_routing_key", "key"), ("smtp_password", "word"), ("dead_mans_switch_url", "https://switch.example/ping/1\n") })
            await File.WriteAllTextAsync(Path.Combine(with, "secrets", secret), value, TestContext.Current.CancellationToken);
        AlertmanagerFolder.Write(AlertFiles.Alerts, with, "127.0.0.1:1025");
        var written = Path.Combine(with, "alertmanager.yml");
        var receiver = List(Read(written), "receivers").Cast<YamlMappingNode>().Single(receiver => Text(receiver, "name") == "dead-mans-switch");
        var webhook = Assert.IsType<YamlMappingNode>(Assert.Single(List(receiver, "webhook_configs")));
        // The switch would take a resolved notification for a sign of life.
        Assert.Equal(("https://switch.example/ping/1", "false"), (Text(webhook, "url"), Text(webhook, "send_resolved")));
        var result = await ExternalTool.RunOrSkipAsync("amtool", "prometheus-alertmanager", "check-config", written);
        Assert.True(result.ExitCode == 0, result.Output);
    }

    [Fact]
    public void An_inhibition_by_node_demands_a_node()
    {
        // Two alerts that both lack a label count as equal in it: without this, any critical alert of the stack would inhibit all
        // its warnings.
        foreach (var rule in List(Root(), "inhibit_rules").Cast<YamlMappingNode>())
        {
            if (List(rule, "equal").Any(label => label.ToString() == "node"))
                Assert.Contains(List(rule, "target_matchers"), matcher => matcher.ToString() == "node != \"\"");
        }
    }

    [Fact]
    public void An_alert_about_one_node_mutes_nothing_on_others()
    {
        foreach (var rule in List(Root(), "inhibit_rules").Cast<YamlMappingNode>())
        {
            var sources = List(rule, "source_matchers").SelectMany(matcher => AlertnameMatcher().Matches(matcher.ToString())).SelectMany(match => match.Groups["names"].Value.Split('|'));
            // ClockSkewed may mute an alert about another node: a broadcast's duration depends on two clocks, one of them its origin's.
            var ofNodes = sources.Where(alert => alert != "ClockSkewed" && AlertFiles.AlertRules.Single(known => known.Alert == alert).Annotations["summary"].Contains("$labels.node", StringComparison.Ordinal));
            if (ofNodes.Any())
                Assert.Contains("node", List(rule, "equal").Select(label => label.ToString()));
        }
    }

    [Fact]
    public async Task Amtool_finds_the_configuration_and_its_templates_correct()
    {
        var result = await ExternalTool.RunOrSkipAsync("amtool", "prometheus-alertmanager", "check-config", Configuration);
        Assert.True(result.ExitCode == 0, result.Output);
    }

    [Theory]
    [InlineData("team-pager", "alertname=NodeDown", "severity=critical", "cluster=local", "node=node-3")]
    [InlineData("team-pager", "alertname=NoPeersConnected", "severity=critical", "cluster=local", "node=node-1", "instance=127.0.0.1:9465")]
    [InlineData("team-pager", "alertname=AlertmanagerDown", "severity=critical")]
    [InlineData("team-email,team-pager", "alertname=AlertmanagerNotificationsFailing", "severity=critical", "integration=pagerduty")]
    [InlineData("team-email", "alertname=HighMessageLatency", "severity=warning", "cluster=local", "node=node-1", "message_type=private")]
    [InlineData("team-email", "alertname=PrometheusConfigReloadFailed", "severity=warning")]
    [InlineData("dead-mans-switch", "alertname=Watchdog", "severity=none")]
    [InlineData("team-email", "alertname=AlertmanagerMissing", "severity=warning")]
    [InlineData("nobody", "alertname=SomethingToKnow", "severity=info")]
    [InlineData("team-pager", "alertname=WithoutSeverity")]
    [InlineData("team-pager", "alertname=Misspelt", "severity=warnign")]
    public async Task Amtool_routes_an_alert_to_whom_it_concerns(string receivers, params string[] labels)
    {
        var result = await ExternalTool.RunOrSkipAsync(
            "amtool", "prometheus-alertmanager", ["config", "routes", "test", $"--config.file={Configuration}", $"--verify.receivers={receivers}", .. labels]);
        Assert.True(result.ExitCode == 0, result.Output);
    }

    [Theory]
    [InlineData("text", "firing", "/d/meshara-node?var-node=node-3", "/d/meshara-node?var-node=node-3&from=1767321245000&to=now&var-cluster=north")]
    [InlineData("html", "firing", "/d/meshara-overview", "/d/meshara-overview?from=1767321245000&to=now&var-cluster=north")]
    [InlineData("text", "resolved", "/d/meshara-overview", "/d/meshara-overview?from=1767321245000&to=1767325445000&var-cluster=north")]
    public async Task A_link_to_a_dashboard_shows_the_alerts_cluster_and_its_time(string type, string status, string annotation, string path)
    {
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "alerts.json");
        await File.WriteAllTextAsync(data, $$"""
            {"receiver":"team-email","status":"{{status}}","externalURL":"http://127.0.0.1:9093","commonLabels":{},"commonAnnotations":{},"groupLabels":{},
             "alerts":[{"status":"{{status}}","labels":{"alertname":"NodeDown","cluster":"north","node":"node-3"},
             "annotations":{"dashboard_url":"{{annotation}}"},
             "startsAt":"2026-01-02T03:04:05Z","endsAt":"2026-01-02T03:14:05Z","generatorURL":"http://127.0.0.1:9090/graph"}]}
            """, TestContext.Current.CancellationToken);
        foreach (var template in (string[])["meshara.dashboard", $"meshara.email.{type}"])
        {
            var shown = await ExternalTool.RunOrSkipAsync("amtool", "prometheus-alertmanager", "template", "render", $"--template.type={type}",
                $"--template.glob={Path.Combine(AlertFiles.Alerts, "templates", "*.tmpl")}",
                $"--template.text={{{{ template \"{template}\" . }}}}", $"--template.data={data}");
            Assert.True(shown.ExitCode == 0, shown.Output);
            Assert.Contains("http://localhost:3000" + path, shown.Output.Replace("&amp;", "&", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_program_tells_people_the_address_at_which_it_listens() => Assert.All(
        (IReadOnlyList<string>[])[AlertmanagerFolder.Arguments("127.0.0.1:9999"), PrometheusFolder.Arguments("127.0.0.1:9999")],
        arguments => Assert.Contains("--web.external-url=http://127.0.0.1:9999", arguments));

    private static YamlMappingNode Root() => Read(Configuration);

    private static YamlMappingNode Read(string path)
    {
        var yaml = new YamlStream();
        using var reader = File.OpenText(path);
        yaml.Load(reader);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    private static YamlMappingNode Map(YamlMappingNode node, string key) => (YamlMappingNode)node.Children[new YamlScalarNode(key)];

    private static YamlSequenceNode List(YamlMappingNode node, string key) => (YamlSequenceNode)node.Children[new YamlScalarNode(key)];

    private static string Text(YamlMappingNode node, string key) => node.Children[new YamlScalarNode(key)].ToString();

    private static string Templates() =>
        string.Concat(Directory.GetFiles(Path.Combine(AlertFiles.Alerts, "templates"), "*.tmpl").Order(StringComparer.Ordinal).Select(File.ReadAllText));

    [GeneratedRegex(@"_file:\s*(?<path>\S+)")]
    private static partial Regex SecretFile();

    [GeneratedRegex(@"\| `(?<path>secrets/[^`]+)` \|")]
    private static partial Regex DocumentedSecret();

    [GeneratedRegex(@"\{\{-?\s*define ""(?<name>[^""]+)""")]
    private static partial Regex Defined();

    [GeneratedRegex(@"\{\{-?\s*template ""(?<name>[^""]+)""")]
    private static partial Regex Used();

    [GeneratedRegex(@"alertname\s*(=~|!=|=)\s*""?(?<names>[A-Za-z|]+)""?")]
    private static partial Regex AlertnameMatcher();
}
