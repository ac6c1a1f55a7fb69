using System.Text.RegularExpressions;
using Meshara.Harness;
using Meshara.Lab.Kit;

namespace Meshara.Tests.Alerts;

/// <summary>The rules generated from <c>alerts/kit/</c>, for this repository and for others.</summary>
public sealed partial class KitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_rules_are_those_of_the_kit()
    {
        var rules = AlertingKit.Rules(AlertingKit.Load(null));
        Assert.Equal(["members.yml", "mesh.yml", "slo.yml", "stack.yml"], rules.Keys.Order(StringComparer.Ordinal));
        Assert.All(rules, rule => Assert.Equal(rule.Value, File.ReadAllText(Path.Combine(AlertFiles.Alerts, "rules", rule.Key))));
    }

    [Fact]
    public async Task A_kit_has_somebody_elses_labels_thresholds_and_addresses()
    {
        AlertingKit.Write(Settings("""
            cluster: mesh
            job: nodes
            runbooks: https://runbooks.example/
            dashboards: https://grafana.example
            thresholds: {delivery_backlog: {waiting: 250}}
            objectives: {floor: 25, short: [5m, 30m, 1h, 2h]}
            """), _folder.Path);

        var rules = Directory.GetFiles(Path.Combine(_folder.Path, "rules"));
        var text = string.Concat(rules.Select(File.ReadAllText));
        Assert.DoesNotMatch(Foreign(), text);
        Assert.Contains("[5m])) > 250", text, StringComparison.Ordinal);
        Assert.Contains("cluster:meshara_messages_failed:increase1h >= 25", text, StringComparison.Ordinal);
        Assert.Contains("runbook_url: https://runbooks.example/NodeDown.md", text, StringComparison.Ordinal);
        Assert.Contains("dashboard_url: https://grafana.example/d/meshara-overview", text, StringComparison.Ordinal);
        foreach (var dashboard in Directory.GetFiles(Path.Combine(_folder.Path, "dashboards"), "*.json"))
            Assert.DoesNotMatch(ForeignQuery(), File.ReadAllText(dashboard));
        var result = await ExternalTool.RunOrSkipAsync("promtool", "prometheus", ["check", "rules", .. rules]);
        Assert.True(result.ExitCode == 0, result.Output);
    }

    [Fact]
    public void Every_setting_is_used()
    {
        var templates = string.Concat(Directory.GetFiles(Path.Combine(AlertFiles.Alerts, "kit"), "*.yml").Where(file => !file.EndsWith("settings.yml", StringComparison.Ordinal)).Select(File.ReadAllText));
        Assert.All(AlertingKit.Load(null).Paths, path => Assert.Matches($@"\$\{{{path}\}}|^#each {path}$".Replace("^", "(?m)^", StringComparison.Ordinal), templates));
    }

    [Fact]
    public void A_setting_that_there_is_not_is_named()
    {
        var exception = Assert.Throws<StackException>(() => AlertingKit.Load(Settings("thresholds: {delivery_backlogs: {waiting: 250}}")));
        Assert.Contains("thresholds:delivery_backlogs:waiting", exception.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, exception.ExitCode);
    }

    [Theory]
    [InlineData("objectives: {delivery: {percent: 99.5}}", "objectives:delivery: budget")]
    [InlineData("objectives: {latency: {budget: some}}", "objectives:latency:budget has to be a number")]
    public void An_objective_and_its_budget_agree(string settings, string message) => Assert.Contains(
        message, Assert.Throws<StackException>(() => AlertingKit.Load(Settings(settings))).Message, StringComparison.Ordinal);

    private string Settings(string yaml)
    {
        var file = Path.Combine(_folder.Path, "mine.yml");
        File.WriteAllText(file, yaml);
        return file;
    }

    // A label or job of this repository.
    [GeneratedRegex(@"(by|on) \(cluster\b|\$labels\.cluster|job=""meshara""|\$\{")]
    private static partial Regex Foreign();

    [GeneratedRegex(@"\bcluster=~|by \(cluster\b|\{\{cluster\}\}|job=\\""meshara\\""")]
    private static partial Regex ForeignQuery();
}
