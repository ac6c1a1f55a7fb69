using System.Text.RegularExpressions;

namespace Meshara.Tests.Alerts;

public sealed partial class AlertRuleTests
{
    private const string RunbookBase = "https://github.com/meshara/meshara/blob/main/docs/runbooks/";

    /// <summary>One case per alert, so that a failure names it. Also used by <see cref="RunbookTests"/> and others.</summary>
    public static TheoryData<string> AlertNames => [.. AlertFiles.AlertRules.Select(rule => rule.Alert!)];

    [Fact]
    public void An_alert_is_defined_once() =>
        Assert.Equal(AlertFiles.AlertRules.Select(rule => rule.Alert).Distinct(), AlertFiles.AlertRules.Select(rule => rule.Alert));

    [Theory]
    [MemberData(nameof(AlertNames))]
    public void An_alert_says_how_bad_it_is_what_it_is_and_where_to_look(string alert)
    {
        var rule = Rule(alert);

        Assert.Equal(["severity"], rule.Labels.Keys);
        Assert.Contains(rule.Labels["severity"], (string[])["critical", "warning", "info", "none"]);
        Assert.Equal(["summary", "description", "runbook_url", "dashboard_url"], rule.Annotations.Keys);
        Assert.NotEmpty(rule.Annotations["summary"]);
        Assert.Matches("[$]value|[0-9]", rule.Annotations["description"]);
        Assert.Equal(RunbookBase + alert + ".md", rule.Annotations["runbook_url"]);
        Assert.Matches(Dashboard(), rule.Annotations["dashboard_url"]);
    }

    [Theory]
    [InlineData("HighMessageLatency", "histogram_quantile(0.99, rate(meshara_message_latency_seconds_bucket[5m])) > 1.0", "5m", "warning")]
    [InlineData("NoPeersConnected", "meshara_connected_peers == 0", "2m", "critical")]
    [InlineData("HighErrorRate", "rate(meshara_errors_total[5m]) > 10", "5m", "warning")]
    [InlineData("MemoryExhaustion", "meshara_memory_usage_bytes > 1000000000", "10m", "critical")]
    public void The_alerts_of_the_seed_are_as_it_wrote_them(string alert, string expression, string duration, string severity)
    {
        var rule = Rule(alert);
        Assert.Equal((expression, duration, severity), (rule.Expr, rule.For, rule.Labels["severity"]));
    }

    [Theory]
    [MemberData(nameof(AlertNames))]
    public void An_alert_is_unit_tested_before_while_and_after_it_fires(string alert)
    {
        // An alert that always fires is never quiet.
        var always = Rule(alert).Expr == "vector(1)";
        var stories = AlertFiles.RuleTests
            .Select(test => test.AlertRuleTest.Where(expected => expected.Alertname == alert).ToArray())
            .Where(expectations => expectations.Length > 0)
            .Select(expectations => string.Concat(expectations.Select(expected => expected.ExpAlerts.Count > 0 ? 'F' : 'q')))
            .ToArray();

        Assert.Contains(stories, story => always ? story.Contains('F', StringComparison.Ordinal) : QuietFiringQuiet().IsMatch(story));
        if (!always)
            Assert.Contains(stories, story => !story.Contains('F', StringComparison.Ordinal));
    }

    [Fact]
    public void A_unit_test_knows_its_alert_and_every_annotation_of_it()
    {
        var expectations = AlertFiles.RuleTests.SelectMany(test => test.AlertRuleTest).ToArray();

        Assert.Empty(expectations.Select(expected => expected.Alertname).Except(AlertFiles.AlertRules.Select(rule => rule.Alert!)));
        Assert.All(expectations.SelectMany(expected => expected.ExpAlerts), expected =>
            Assert.Equal(["summary", "description", "runbook_url", "dashboard_url"], expected.ExpAnnotations.Keys));
        Assert.Equal(AlertFiles.RuleTests.Select(test => test.Name).Distinct(), AlertFiles.RuleTests.Select(test => test.Name));
    }

    [Fact]
    public void Rules_and_their_tests_use_metrics_of_the_contract_only()
    {
        var contract = TelemetryContract.Load();
        Assert.NotEqual(0, contract.Count);

        Assert.Empty(AlertFiles.Rules.SelectMany(rule => contract.Violations(rule.Expr)));
        Assert.Empty(AlertFiles.RuleTests.SelectMany(test => test.InputSeries).SelectMany(input => contract.Violations(input.Series)));
    }

    [Fact]
    public void Every_recorded_series_that_is_used_is_recorded()
    {
        // Operators define this one, in rules/retired.yml.
        var recorded = AlertFiles.Rules.Select(rule => rule.Record).Append("cluster_node:meshara_member:retired");
        var texts = AlertFiles.Rules.Select(rule => rule.Expr).Concat(AlertFiles.RunbookPaths().Select(File.ReadAllText));

        Assert.Empty(texts.SelectMany(text => Recorded().Matches(text).Select(match => match.Value)).Except(recorded));
    }

    [Fact]
    public async Task Promtool_finds_the_rules_correct()
    {
        var result = await ExternalTool.RunOrSkipAsync("promtool", "prometheus", ["check", "rules", .. AlertFiles.RuleFilePaths()]);
        Assert.True(result.ExitCode == 0, result.Output);
    }

    [Fact]
    public async Task Promtool_finds_the_rules_do_what_their_tests_say()
    {
        var result = await ExternalTool.RunOrSkipAsync("promtool", "prometheus", ["test", "rules", .. AlertFiles.RuleTestPaths()]);
        Assert.True(result.ExitCode == 0, result.Output);
    }

    [Fact]
    public async Task Promtool_accepts_the_configuration_with_these_rules()
    {
        using var folder = new TemporaryFolder();
        var rules = Directory.CreateDirectory(Path.Combine(folder.Path, "rules"));
        foreach (var path in AlertFiles.RuleFilePaths())
            File.Copy(path, Path.Combine(rules.FullName, Path.GetFileName(path)));
        var targets = Directory.CreateDirectory(Path.Combine(folder.Path, "targets"));
        foreach (var job in (string[])["meshara", "prometheus", "alertmanager", "jaeger", "elasticsearch", "grafana"])
        {
            await File.WriteAllTextAsync(Path.Combine(targets.FullName, job + ".json"),
                """[{"targets": ["127.0.0.1:9465"], "labels": {"node": "node-1", "cluster": "local"}}]""", TestContext.Current.CancellationToken);
        }
        var configuration = Path.Combine(folder.Path, "prometheus.yml");
        File.Copy(Path.Combine(AlertFiles.Alerts, "prometheus.yml"), configuration);

        var result = await ExternalTool.RunOrSkipAsync("promtool", "prometheus", "check", "config", configuration);
        Assert.True(result.ExitCode == 0, result.Output);
    }

    private static Rule Rule(string alert) => AlertFiles.AlertRules.Single(rule => rule.Alert == alert);

    [GeneratedRegex(@"^/d/meshara-(overview|node|delivery|routing|stack)(\?var-node=\{\{ \$labels\.node \}\})?$")]
    private static partial Regex Dashboard();

    [GeneratedRegex("^q+F+q+$")]
    private static partial Regex QuietFiringQuiet();

    [GeneratedRegex("cluster(_node|_le|_outcome|_node_outcome)?:(meshara|process)_[a-z_]+:[a-z0-9_]+")]
    private static partial Regex Recorded();
}
