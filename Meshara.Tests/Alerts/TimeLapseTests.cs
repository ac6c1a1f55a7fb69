using System.Globalization;
using System.Text.RegularExpressions;
using Meshara.Lab.Drills.Alerts;

namespace Meshara.Tests.Alerts;

public sealed partial class TimeLapseTests
{
    public static TheoryData<string> Files =>
    [
        Path.Combine(AlertFiles.Alerts, "prometheus.yml"),
        Path.Combine(AlertFiles.Alerts, "alertmanager.yml"),
        .. AlertFiles.RuleFilePaths(),
    ];

    [Theory]
    [InlineData("        for: 5m", "        for: 10000ms")]
    [InlineData("    interval: 2m", "    interval: 1000ms")] // of a group of rules
    [InlineData("  group_interval: 5m", "  group_interval: 10000ms")]
    [InlineData("  group_wait: 10s", "  group_wait: 1000ms")] // no less
    [InlineData("  repeat_interval: 12h # a day has two", "  repeat_interval: 1440000ms # a day has two")]
    [InlineData("expr: rate(a[5m]) > 1 and b offset 30m", "expr: rate(a[10000ms]) > 1 and b offset 60000ms")]
    [InlineData("(a offset 1h30m or b)", "(a offset 180000ms or b)")]
    [InlineData("last_over_time(cluster_node:meshara_member:expected[1d])", "last_over_time(cluster_node:meshara_member:expected[2880000ms])")]
    [InlineData("- record: cluster:meshara_messages_failed:increase5m", "- record: cluster:meshara_messages_failed:increase5m")]
    [InlineData("description: \"silent for 5m (threshold: 1s)\"", "description: \"silent for 5m (threshold: 1s)\"")]
    [InlineData("up{job=~\"a[0-9]\"} > 60", "up{job=~\"a[0-9]\"} > 60")]
    [InlineData("max by (cluster, node) (meshara_oldest_pending_message_seconds) > 60", "max by (cluster, node) (meshara_oldest_pending_message_seconds) > 2")]
    [InlineData("a_oldest_b_seconds{node=\"node-1\"} >= 75", "a_oldest_b_seconds{node=\"node-1\"} >= 2.5")]
    [InlineData("time() - cluster_node:process_start_time_seconds:max < 300", "time() - cluster_node:process_start_time_seconds:max < 10")]
    [InlineData("a_oldest_b_seconds < 7.5", "a_oldest_b_seconds < 1")] // no less
    [InlineData("a_oldest_b > 60 and oldest_seconds > 60", "a_oldest_b > 60 and oldest_seconds > 60")]
    [InlineData("histogram_quantile(0.99, rate(a_latency_seconds_bucket)) > 1.0", "histogram_quantile(0.99, rate(a_latency_seconds_bucket)) > 1.0")]
    [InlineData("a_bytes / -(deriv(a_bytes) < 0) < 14400", "a_bytes / -(deriv(a_bytes) < 0) < 14400")]
    public void Durations_are_shortened_and_nothing_else(string text, string shortened) => Assert.Equal(shortened, TimeLapse.Apply(text));

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_of_the_project_differs_in_its_durations_only(string path)
    {
        var (original, shortened) = (File.ReadAllText(path), TimeLapse.Apply(File.ReadAllText(path)));

        Assert.Equal(WithoutDurations(original), WithoutDurations(shortened));
        // All settings, windows and offsets, found by a different method than the lab's.
        var durations = YamlDurations().Count(original);
        Assert.Equal(durations, Regex.Count(shortened, @"\d+ms\b", RegexOptions.CultureInvariant));

        static string WithoutDurations(string text) => AnyAge().Replace(AnyDuration().Replace(text, "_"), "_");
    }

    [Fact]
    public void The_one_age_that_a_rule_has_a_threshold_for_is_shortened_with_its_duration()
    {
        var rule = AlertFiles.AlertRules.Single(rule => AnyAge().IsMatch(rule.Expr));
        Assert.Equal(("OldestMessageTooOld", "60"), (rule.Alert, AnyAge().Match(rule.Expr).Value));
        Assert.Equal("2", AnyAge().Match(TimeLapse.Apply(rule.Expr)).Value);
    }

    [Fact]
    public async Task Promtool_accepts_the_rules_when_they_are_shortened()
    {
        using var folder = new TemporaryFolder();
        var rules = AlertFiles.RuleFilePaths().Select(path => (Path: Path.Combine(folder.Path, Path.GetFileName(path)), Text: TimeLapse.Apply(File.ReadAllText(path)))).ToList();
        rules.ForEach(rule => File.WriteAllText(rule.Path, rule.Text));

        var result = await ExternalTool.RunOrSkipAsync("promtool", "prometheus", ["check", "rules", .. rules.Select(rule => rule.Path)]);
        Assert.True(result.ExitCode == 0, result.Output);
    }

    [Fact]
    public void The_readme_knows_the_factor() => Assert.Contains(
        string.Create(CultureInfo.InvariantCulture, $"{TimeLapse.Factor} times"), File.ReadAllText(Path.Combine(AlertFiles.Alerts, "README.md")), StringComparison.Ordinal);

    [GeneratedRegex(@"\b\d+(ms|[smhdw])\b", RegexOptions.CultureInvariant)]
    private static partial Regex AnyDuration();

    [GeneratedRegex(@"(?<=oldest_pending_message_seconds\) > |process_start_time_seconds:max < )\d+$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex AnyAge();

    [GeneratedRegex(@"^[ -]*[a-z_]+: \d+[smhdw]\b|\[\d+[smhdw]\]|offset \d+[smhdw]\b", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex YamlDurations();
}
