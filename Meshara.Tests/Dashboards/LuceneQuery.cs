using System.Text.Json;
using System.Text.RegularExpressions;
using Meshara.Tests.Logging;

namespace Meshara.Tests.Dashboards;

/// <summary>
/// As much of Lucene's query language as the dashboards use: everything (<c>*</c>), a field with a phrase (<c>a:"x"</c>), a term with or
/// without wildcards (<c>a:*x*</c>), or one of several terms (<c>a:(x OR y)</c>). Whatever else stands there is an error, not a guess.
/// </summary>
internal sealed partial class LuceneQuery
{
    private readonly string? _field;
    private readonly IReadOnlyList<Regex> _values;

    private LuceneQuery(string? field, IEnumerable<Regex> values) => (_field, _values) = (field, [.. values]);

    /// <exception cref="FormatException">It is none of what is known here.</exception>
    public static LuceneQuery Parse(string text)
    {
        if (text == "*")
            return new LuceneQuery(null, []);
        var clause = Clause().Match(text);
        if (!clause.Success)
            throw new FormatException($"This evaluator does not know the query {text}");
        var field = clause.Groups["field"].Value;
        if (clause.Groups["phrase"].Success)
            return new LuceneQuery(field, [new Regex($"^{Regex.Escape(clause.Groups["phrase"].Value)}$")]);
        return new LuceneQuery(field, clause.Groups["term"].Captures.Select(term => new Regex(
            $"^{Regex.Escape(term.Value).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal)}$")));
    }

    /// <summary>What Elasticsearch could not search for under a mapping.</summary>
    public IEnumerable<string> Faults(IndexMapping mapping)
    {
        if (_field is null)
            return [];
        // Text is cut into words, which this does not do; numbers know no wildcards.
        return mapping.Types.TryGetValue(_field, out var type)
            ? type == "keyword" ? [] : [$"{_field} is {type}, not keyword"]
            : [$"{_field} is not in the mapping"];
    }

    /// <summary>True for a document that has one of the values in the field.</summary>
    public bool Matches(JsonElement document) =>
        _field is null || (LogQuery.Value(document, _field) is { } value && _values.Any(pattern => pattern.IsMatch(value)));

    // Characters that Lucene gives a meaning are in no term: + - at the beginning, ! ( ) { } [ ] ^ " ~ : \ / anywhere.
    [GeneratedRegex("""^(?<field>[@\w.]+):("(?<phrase>[^"\\]+)"|(?<term>(?!-|OR$|AND$|NOT$)[\w.*?-]+)|\((?<term>(?!-)[\w.*?-]+)( OR (?<term>(?!-)[\w.*?-]+))*\))$""", RegexOptions.ExplicitCapture)]
    private static partial Regex Clause();
}
