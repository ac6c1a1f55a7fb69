using System.Text.RegularExpressions;
using Meshara.Harness;

namespace Meshara.Tests.Alerts.Runbooks;

/// <summary>
/// Every runbook has the required parts, and its files, variables and links exist (docs/runbooks/README.md, "The form of a runbook").
/// </summary>
public sealed partial class RunbookFormTests
{
    private const string Links = "[First five minutes](README.md#the-first-five-minutes) · [Reach a node](README.md#reach-a-node) · "
        + "[When to wake whom](README.md#when-to-wake-whom)";

    public static TheoryData<string> AlertNames => AlertRuleTests.AlertNames;

    public static TheoryData<string> Names => RunbookCommandTests.Names;

    [Theory]
    [MemberData(nameof(AlertNames))]
    public void A_runbook_begins_with_the_first_minutes_and_says_whom_to_wake(string alert)
    {
        var text = Find(alert + ".md").Text;
        Assert.StartsWith($"# {alert}\n\n{Links}\n\n## Meaning\n", text, StringComparison.Ordinal);
        var wake = Assert.Single(Wake().Matches(text)).Groups["whom"].Value;
        if (AlertFiles.AlertRules.First(rule => rule.Alert == alert).Labels["severity"] == "warning")
            Assert.StartsWith("nobody", wake, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_file_and_folder_is_where_it_says(string name) => Assert.Empty(Find(name).Literals.SelectMany(text => (string[])
    [
        .. Repository().Matches(text).Select(match => match.Value.TrimEnd('.', '/')).Where(path => !Path.Exists(Path.Combine(AlertFiles.Root, path))),
        .. InContainers().Matches(text).Select(match => match.Groups["path"].Value.TrimEnd('/')).Where(path => !IsMounted(path)),
        .. OfTheHost().Matches(text).Select(match => match.Value).Where(path => !IsOfTheHost(path)),
        .. NodeLog().Matches(text).Select(match => match.Value).Where(path => !path.EndsWith("-*.log", StringComparison.Ordinal)),
    ]));

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_variable_is_explained(string name)
    {
        var explained = Assigned().Matches(Find(name).Text + Runbook.Index.Text).Concat(Placeholders().Matches(Runbook.Index.Text))
            .SelectMany(match => match.Groups["name"].Captures).Select(capture => capture.Value).ToHashSet(StringComparer.Ordinal);
        var used = Find(name).Literals.SelectMany(text => Used().Matches(text)).Select(match => match.Groups["name"].Value).Distinct();
        Assert.Empty(used.Except(explained));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_link_leads_to_a_heading_that_is_there(string name) => Assert.Empty(
        from Match link in Anchored().Matches(Find(name).Text)
        let path = link.Groups["path"].Value is { Length: > 0 } other ? other : name
        let headings = Heading().Matches(File.ReadAllText(Path.Combine(AlertFiles.Runbooks, path))).Select(match => Slug(match.Groups["title"].Value))
        where !headings.Contains(link.Groups["anchor"].Value)
        select link.Value);

    private static Runbook Find(string name) => Runbook.All.Single(runbook => runbook.Name == name);

    private static bool IsMounted(string path) => Deployment.Current.Paths.Any(mounted =>
        mounted == path || path.StartsWith(mounted + "/", StringComparison.Ordinal) || mounted.StartsWith(path + "/", StringComparison.Ordinal));

    // The layout of StackFiles. The folders of Prometheus and Alertmanager contain files of alerts/, targets and secrets.
    private static bool IsOfTheHost(string path)
    {
        var files = new StackFiles(".meshara");
        var named = path.Replace("$N", "node-3", StringComparison.Ordinal).TrimEnd('/');
        string[] servers = ["meshara", "prometheus", "alertmanager", "jaeger", "filebeat"];
        string[] known =
        [
            files.Data, files.Logs, files.NodeLogs, files.Node("node-3"), files.Prometheus, files.Alertmanager,
            .. servers.Append("node-3").Select(files.Log), .. servers.Select(server => $"{files.Prometheus}/targets/{server}.json"),
            $"{files.NodeLogs}/node-3-*.log", $"{files.Prometheus}/rules/*.yml",
        ];
        return known.Contains(named) || IsBelow(files.Prometheus, "alerts") || IsBelow(files.Alertmanager, "alerts")
            || Secret().Matches(File.ReadAllText(Path.Combine(AlertFiles.Alerts, "alertmanager.yml")))
                .Any(match => named == $"{files.Alertmanager}/{match.Groups["path"].Value}");

        bool IsBelow(string folder, string source) => named.StartsWith(folder + "/", StringComparison.Ordinal)
            && File.Exists(Path.Combine(AlertFiles.Root, source, named[(folder.Length + 1)..]));
    }

    private static string Slug(string heading) =>
        new([.. heading.ToLowerInvariant().Where(c => c is ' ' or '-' || char.IsAsciiLetterOrDigit(c)).Select(c => c == ' ' ? '-' : c)]);

    [GeneratedRegex(@"(?<=\n\n)Wake: (?<whom>[^\n]+(\n[^\n]+)*)\n(?=\n## Diagnosis\n)")]
    private static partial Regex Wake();

    [GeneratedRegex(@"(?<![\w/.-])(alerts|deploy|dashboards|logging|tracing|docs)/[\w./-]+")]
    private static partial Regex Repository();

    [GeneratedRegex(@"(?<![\w.])(/proc/1/root)?(?<path>/(var/log/meshara|home/app|data|etc/(prometheus|alertmanager|grafana|jaeger))"
        + @"(/[\w./-]+|(?![\w-])))")]
    private static partial Regex InContainers();

    [GeneratedRegex(@"\.meshara(/[\w.$*/-]+|(?=[/`]))")]
    private static partial Regex OfTheHost();

    // NODE-20251223.log, NODE-20251223_001.log
    [GeneratedRegex(@"(/var/log/meshara|logs/nodes)/[\w.$*-]+\.log")]
    private static partial Regex NodeLog();

    [GeneratedRegex(@"_file:\s*(?<path>\S+)")]
    private static partial Regex Secret();

    [GeneratedRegex(@"(?<![\w$.{])(?<name>[A-Z][A-Z_]*)=")]
    private static partial Regex Assigned();

    // | `$NODE`, `$METRICS` | … |
    [GeneratedRegex(@"^\| (`\$(?<name>[A-Z_]+)`(, )?)+ \|", RegexOptions.Multiline)]
    private static partial Regex Placeholders();

    [GeneratedRegex(@"(?<!\w)\$\{?(?<name>[A-Z][A-Z_]*)")]
    private static partial Regex Used();

    [GeneratedRegex(@"\]\((?<path>[\w.]*)#(?<anchor>[\w-]+)\)")]
    private static partial Regex Anchored();

    [GeneratedRegex(@"^##+ (?<title>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
