using System.Text.Json;
using System.Text.RegularExpressions;

namespace Meshara.Tests.Dashboards;

/// <summary>A Prometheus query of a dashboard.</summary>
internal sealed partial class PromQuery(Dashboard dashboard, string where, JsonElement target)
{
    public Dashboard Dashboard => dashboard;

    /// <summary>As written, with Grafana's variables.</summary>
    public string Expression => Dashboard.Text(target, "expr");

    public bool IsInstant => target.TryGetProperty("instant", out var instant) && instant.GetBoolean();

    public bool HasExemplars => target.TryGetProperty("exemplar", out var exemplar) && exemplar.GetBoolean();

    /// <summary>The metrics it uses: identifiers outside strings that are not functions, keywords or labels.</summary>
    public IReadOnlySet<string> Metrics
    {
        get
        {
            var text = LabelList().Replace(Range().Replace(Braces().Replace(Expression, "{}"), ""), " ");
            return Identifier().Matches(text).Select(match => match.Value)
                .Where(name => name is not ("or" or "and" or "unless" or "bool" or "offset" or "by" or "on" or "without" or "ignoring" or "group_left" or "group_right"))
                .ToHashSet(StringComparer.Ordinal);
        }
    }

    /// <summary>The expression as sent to Prometheus.</summary>
    /// <param name="variables">Values of the dashboard's variables and of Grafana's own.</param>
    public string With(IReadOnlyDictionary<string, string> variables) => Replace(Expression, variables);

    /// <summary>Replaces the variables in a text.</summary>
    public static string Replace(string text, IReadOnlyDictionary<string, string> variables) => Variable().Replace(text, match => variables[match.Groups["name"].Value]);

    /// <summary>Names of the variables in a text: <c>$name</c>, <c>${name}</c>, <c>${name:format}</c>.</summary>
    public static IEnumerable<string> VariablesIn(string text) => Variable().Matches(text).Select(match => match.Groups["name"].Value);

    public override string ToString() => $"{dashboard.File}: {where}: {Expression}";

    [GeneratedRegex(@"\$(\{(?<name>[A-Za-z_]\w*)[^}]*\}|(?<name>[A-Za-z_]\w*))")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Braces();

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Range();

    [GeneratedRegex(@"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)")]
    private static partial Regex LabelList();

    // Excludes numbers, durations and strings, by the digit or quotation mark before, and functions, by the parenthesis after.
    [GeneratedRegex(@"(?<![\w:.""])[A-Za-z_:][\w:]*(?![\w:])(?!\s*\()")]
    private static partial Regex Identifier();
}
