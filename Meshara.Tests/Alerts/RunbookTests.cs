using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Meshara.Tests.Alerts;

public sealed partial class RunbookTests
{
    private static readonly string[] Headings = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Drill"];

    public static TheoryData<string> AlertNames => AlertRuleTests.AlertNames;

    [Theory]
    [MemberData(nameof(AlertNames))]
    public void An_alert_has_a_runbook_with_every_heading_and_something_under_each(string alert)
    {
        var text = File.ReadAllText(Path.Combine(AlertFiles.Runbooks, alert + ".md"));

        Assert.StartsWith($"# {alert}\n", text, StringComparison.Ordinal);
        Assert.Equal(Headings, Heading().Matches(text).Select(match => match.Groups["title"].Value));
        Assert.All(Heading().Split(text).Where((_, i) => i % 2 == 0), section => Assert.NotEmpty(section.Trim()));
        Assert.Contains($"`dotnet run -c Release --project Meshara.Lab -- drill alert {alert}`", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_runbook_has_an_alert() => Assert.Equal(
        AlertFiles.AlertRules.Select(rule => rule.Alert!).Order(StringComparer.Ordinal),
        AlertFiles.RunbookPaths().Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal));

    [Fact]
    public void The_index_names_every_alert_with_its_severity()
    {
        var index = File.ReadAllText(Path.Combine(AlertFiles.Runbooks, "README.md"));
        Assert.Equal(
            AlertFiles.AlertRules.Select(rule => $"{rule.Alert} {rule.Labels["severity"]}").Order(StringComparer.Ordinal),
            IndexRow().Matches(index).Select(match => $"{match.Groups["alert"].Value} {match.Groups["severity"].Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Runbooks_use_metrics_of_the_contract_only()
    {
        var contract = TelemetryContract.Load();
        Assert.Empty(Directory.GetFiles(AlertFiles.Runbooks, "*.md").SelectMany(path =>
            contract.Violations(File.ReadAllText(path)).Select(violation => $"{Path.GetFileName(path)}: {violation}")));
    }

    [Fact]
    public void A_link_to_another_runbook_leads_somewhere() => Assert.Empty(
        from path in Directory.GetFiles(AlertFiles.Runbooks, "*.md")
        from Match link in RelativeLink().Matches(File.ReadAllText(path))
        let target = Path.GetFullPath(Path.Combine(AlertFiles.Runbooks, link.Groups["target"].Value))
        where !File.Exists(target)
        select $"{Path.GetFileName(path)}: {link.Groups["target"].Value}");

    [Fact]
    public async Task Promtool_can_parse_every_query_of_every_runbook()
    {
        var queries = Blocks("promql").SelectMany(block => block.Split("\n\n", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToArray();
        Assert.NotEmpty(queries);
        var rules = new StringBuilder("groups:\n  - name: runbooks\n    rules:\n");
        for (var i = 0; i < queries.Length; i++)
        {
            rules.Append(CultureInfo.InvariantCulture, $"      - record: runbook:query:n{i}\n        expr: |\n");
            foreach (var line in queries[i].Split('\n'))
                rules.Append("          ").Append(line).Append('\n');
        }
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "queries.yml");
        await File.WriteAllTextAsync(path, rules.ToString(), TestContext.Current.CancellationToken);

        var result = await ExternalTool.RunOrSkipAsync("promtool", "prometheus", "check", "rules", path);
        Assert.True(result.ExitCode == 0, result.Output);
    }

    [Fact]
    public async Task A_shell_can_parse_every_command_of_every_runbook()
    {
        var commands = Blocks("sh").ToArray();
        Assert.NotEmpty(commands);
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "commands.sh");
        await File.WriteAllTextAsync(path, string.Join("\n", commands), TestContext.Current.CancellationToken);

        var result = await ExternalTool.RunOrSkipAsync("bash", "bash", "-n", path);
        Assert.True(result.ExitCode == 0, result.Output);
    }

    private static IEnumerable<string> Blocks(string language) => Directory.GetFiles(AlertFiles.Runbooks, "*.md").Order(StringComparer.Ordinal)
        .SelectMany(path => Block().Matches(File.ReadAllText(path)))
        .Where(match => match.Groups["language"].Value == language)
        .Select(match => match.Groups["text"].Value);

    [GeneratedRegex("^## (?<title>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^\| \[(?<alert>\w+)\]\(\k<alert>\.md\) \| (?<severity>\w+) \| \S.* \|$", RegexOptions.Multiline)]
    private static partial Regex IndexRow();

    [GeneratedRegex(@"\]\((?<target>(?!https?:)[^)#]+)\)")]
    private static partial Regex RelativeLink();

    [GeneratedRegex(@"^```(?<language>\w+)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}
