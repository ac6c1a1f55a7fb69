using System.Text.Json;
using System.Text.RegularExpressions;

namespace Meshara.Tests.Dashboards;

/// <summary>A query of Prometheus in a dashboard.</summary>
internal sealed partial class PromQuery(Dashboard dashboard, string where, JsonElement target)
{
    public Dashboard Dashboard => dashboard;

    /// <summary>As written, with Grafana's variables.</summary>
    public string Expression => Dashboard.Text(target, "expr");

    public bool IsInstant => target.TryGetProperty("instant", out var instant) && instant.GetBoolean();

    public bool HasExemplars => target.TryGetProperty("exemplar", out var exemplar) && exemplar.GetBoolean();

    /// <summary>The metrics it names: identifiers outside strings that are no function, keyword or label.</summary>
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

    /// <summary>As Prometheus gets it.</summary>
    /// <param name="variables">Values of the dashboard's variables and of Grafana's own.</param>
    public string With(IReadOnlyDictionary<string, string> variables) => Replace(Expression, variables);

    /// <summary>A text with values in the places of its variables.</summary>
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

    // Not a number, a duration, a function or a text: those have a digit or a quotation mark before, or a parenthesis behind.
    [GeneratedRegex(@"(?<![\w:.""])[A-Za-z_:][\w:]*(?![\w:])(?!\s*\()")]
    private static partial Regex Identifier();
}
