using System.Text.Json;
using System.Text.RegularExpressions;
using Meshara.Tests.Logging;

namespace Meshara.Tests.Dashboards;

/// <summary>
/// The subset of Lucene's query language that the dashboards use: everything (<c>*</c>), a field with a phrase (<c>a:"x"</c>), a term
/// with or without wildcards (<c>a:*x*</c>), or one of several terms (<c>a:(x OR y)</c>). Anything else is an error.
/// </summary>
internal sealed partial class LuceneQuery
{
    private readonly string? _field;
    private readonly IReadOnlyList<Regex> _values;

    private LuceneQuery(string? field, IEnumerable<Regex> values) => (_field, _values) = (field, [.. values]);

    /// <exception cref="FormatException">The query is outside this subset.</exception>
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

    /// <summary>Why Elasticsearch could not search for this under a mapping; empty if it could.</summary>
    public IEnumerable<string> Faults(IndexMapping mapping)
    {
        if (_field is null)
            return [];
        // Text fields are tokenized, which this class does not emulate; numbers have no wildcards.
        return mapping.Types.TryGetValue(_field, out var type)
            ? type == "keyword" ? [] : [$"{_field} is {type}, not keyword"]
            : [$"{_field} is not in the mapping"];
    }

    /// <summary>True if the document has one of the values in the field.</summary>
    public bool Matches(JsonElement document) =>
        _field is null || (LogQuery.Value(document, _field) is { } value && _values.Any(pattern => pattern.IsMatch(value)));

    // Terms contain no special characters of Lucene: + - at the beginning, ! ( ) { } [ ] ^ " ~ : \ / anywhere.
    [GeneratedRegex("""^(?<field>[@\w.]+):("(?<phrase>[^"\\]+)"|(?<term>(?!-|OR$|AND$|NOT$)[\w.*?-]+)|\((?<term>(?!-)[\w.*?-]+)( OR (?<term>(?!-)[\w.*?-]+))*\))$""", RegexOptions.ExplicitCapture)]
    private static partial Regex Clause();
}
